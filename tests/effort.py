"""What reading the store costs, counted: no clock tells that on a busy machine."""

import sqlite3

import pytest

from ganga.model.job import JobRecord
from ganga.store.connecting import Database
from ganga.store.rows import Row, record_of

#: Steps after which SQLite calls: it costs little so.
_STEPS = 1000


class Effort:
    """The steps of SQLite's machine on connections made from now on, and the records that were made of rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.records = 0
        connect = Database._connect

        def connect_counted(database: Database) -> sqlite3.Connection:
            connection = connect(database)
            connection.set_progress_handler(self._step, _STEPS)
            return connection

        def record_counted(row: Row) -> JobRecord:
            self.records += 1
            return record_of(row)

        monkeypatch.setattr(Database, "_connect", connect_counted)
        monkeypatch.setattr("ganga.store.reading.record_of", record_counted)

    def _step(self) -> int:
        self.steps += _STEPS
        return 0
