import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ganga.store.connecting import Database


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def test_a_lock_that_sqlite_does_not_wait_for_is_waited_for(path: Path) -> None:
    tries: list[str] = []

    def work() -> str:
        tries.append("again")
        if len(tries) == 1:
            with closing(sqlite3.connect(path, timeout=0)) as connection:
                connection.execute("SELECT 1 FROM sqlite_master")
        return "done"

    with closing(_locked(path)):
        assert Database(path)._patiently(work) == "done"
    assert len(tries) == 2


def test_a_lock_is_not_waited_for_for_ever(path: Path) -> None:
    Database(path).make()
    with closing(_locked(path)), pytest.raises(sqlite3.OperationalError, match="locked"):
        Database(path, patience=0.02).writer()
