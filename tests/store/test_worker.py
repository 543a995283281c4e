import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Event, current_thread

import pytest

from ganga.errors import StoreDamaged, StoreUnavailable
from ganga.model.ids import Seq
from ganga.store.sqlite import SqliteStore
from ganga.store.worker import Worker
from tests.store.conftest import waiting

FORGETFUL = """
import asyncio, sys
from pathlib import Path
from ganga.model.ids import Seq
from ganga.store.sqlite import open_sqlite
opened = []
async def main():
    context = open_sqlite(Path(sys.argv[1]))
    opened.append((context, await context.__aenter__()))
    print(await opened[0][1].last_seq())
asyncio.run(main())
"""


def _connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def _fail(_: sqlite3.Connection) -> None:
    raise ValueError("no")


async def test_errands_run_in_a_thread_of_their_own() -> None:
    worker = Worker("x", "BEGIN", _connect)
    await worker.open()
    thread = await worker.run(lambda _: current_thread())
    assert thread.name == "store x"
    assert thread.daemon
    await worker.close()
    await worker.close()
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
    with pytest.raises(StoreUnavailable, match="x is closed"):
        await worker.run(lambda _: None)


async def test_an_errand_that_fails_is_rolled_back_and_the_next_one_works() -> None:
    worker = Worker("x", "BEGIN", _connect)
    await worker.open()
    await worker.run(lambda connection: connection.execute("CREATE TABLE a (b)"))

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO a VALUES (1)")
        _fail(connection)

    with pytest.raises(ValueError, match="no"):
        await worker.run(half)
    assert await worker.run(lambda connection: connection.execute("SELECT * FROM a").fetchall()) == []
    with pytest.raises(StoreDamaged, match="x is not a store, or it is damaged"):
        await worker.run(lambda connection: connection.execute("SELECT * FROM nothing"))
    await worker.close()


async def test_an_errand_given_up_before_its_turn_is_not_done() -> None:
    worker = Worker("x", "BEGIN", _connect)
    await worker.open()
    gate, done = Event(), list[int]()
    first = asyncio.create_task(worker.run(lambda _: gate.wait(100)))
    second = asyncio.create_task(worker.run(lambda _: done.append(2)))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    gate.set()
    assert await first
    await worker.close()
    assert done == []


async def test_a_worker_that_never_opened_can_be_closed() -> None:
    await Worker("x", "BEGIN", _connect).close()


async def test_a_failure_to_connect_is_told() -> None:
    def refuse() -> sqlite3.Connection:
        return sqlite3.connect("/nowhere/at/all")

    worker = Worker("x", "BEGIN", refuse)
    with pytest.raises(StoreUnavailable, match="x cannot be opened"):
        await worker.open()
    await worker.close()


def test_a_program_that_forgets_its_store_ends(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", FORGETFUL, path], capture_output=True, timeout=100, check=True)
    assert ended.stdout == b"0\n"


async def test_closing_ends_the_waiting(sqlite: SqliteStore) -> None:
    wait = asyncio.create_task(sqlite.wait(Seq(0), 60))
    await waiting(sqlite, 1)
    await sqlite.close()
    with pytest.raises(StoreUnavailable, match="is closed"):
        await wait
