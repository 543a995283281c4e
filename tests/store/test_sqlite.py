import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.errors import StoreDamaged, StoreError, StoreTooNew, StoreUnavailable
from ganga.model.ids import JobId, Seq
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from ganga.store import sqlite as sqlite_module
from ganga.store.base import Lease, Query
from ganga.store.sqlite import SqliteStore, open_sqlite
from ganga.testing.store_checks.kit import AT, HERE, ids, new_job, save, take
from tests.store.conftest import waiting

ONE = JobId("1")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def _cannot_be_opened(path: Path, kind: type[StoreError], *, read_only: bool = False) -> str:
    with pytest.raises(kind) as raised:
        async with open_sqlite(path, read_only=read_only) as store:
            await store.select(Query(subjobs=True))
    assert str(path) in str(raised.value)
    return str(raised.value)


def _files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    async with open_sqlite(path) as store:
        await store.create(new_job(2), AT)
        lease = await take(store)
        first = store.id
    async with open_sqlite(path) as store:
        assert store.id == first
        assert len(await store.live(HERE)) == 3
        await store.renew(lease)
        assert repr(store) == f"<SqliteStore {first}: {path}>"
        assert store.warnings == ()


async def test_its_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        async with open_sqlite(tmp_path / "new" / "store.sqlite") as store:
            await store.create(new_job(), AT)
            files = _files(tmp_path / "new")
            assert files == ["store.sqlite", "store.sqlite-shm", "store.sqlite-wal"]
            assert {_mode(tmp_path / "new" / file) for file in files} == {0o600}
            assert _mode(tmp_path / "new") == 0o700
    finally:
        os.umask(old)


@pytest.mark.parametrize("name", ["a b?c#d%41.sqlite", "ünï\udcff.sqlite", "\n"])
async def test_its_name_may_be_any(tmp_path: Path, name: str) -> None:
    async with open_sqlite(tmp_path / name) as store:
        await store.create(new_job(), AT)
    assert _files(tmp_path) == [name]


async def test_one_for_reading_only_makes_and_writes_nothing(path: Path) -> None:
    assert "there is no store" in await _cannot_be_opened(path, StoreUnavailable, read_only=True)
    assert _files(path.parent) == []
    async with open_sqlite(path) as writing, open_sqlite(path, read_only=True) as reading:
        await writing.create(new_job(), AT)
        assert ids(await reading.select(Query())) == [ONE]
        with pytest.raises(StoreUnavailable, match="cannot be written; check the permissions"):
            await reading.create(new_job(), AT)


async def test_news_of_another_process_end_a_wait(path: Path) -> None:
    async with open_sqlite(path) as one, open_sqlite(path) as other:
        waits = [asyncio.create_task(other.wait(Seq(0), 30)) for _ in range(100)]
        await waiting(other, len(waits))
        poller = other._poller
        await one.create(new_job(), AT)
        assert all(await asyncio.gather(*waits))
        assert await other.wait(Seq(0), 0)
        assert poller is not None
        await asyncio.wait([poller])


async def test_all_who_wait_are_told_that_it_cannot_be_known(sqlite: SqliteStore) -> None:
    waits = [asyncio.create_task(sqlite.wait(Seq(0), 30)) for _ in range(3)]
    await waiting(sqlite, len(waits))
    await sqlite._reader.run(lambda connection: connection.execute("PRAGMA query_only = OFF"))
    await sqlite._writer.run(lambda connection: connection.execute("DROP TABLE events"))
    for wait in waits:
        with pytest.raises(StoreDamaged):
            await wait


async def test_a_lock_held_too_long_is_told_and_nothing_is_half_written(path: Path) -> None:
    async with open_sqlite(path, patience=0.05) as store:
        record = await store.create(new_job(), AT)
        lease = await take(store)
        changed = replace(record, status=JobStatus.RUNNING)
        with _connected(path) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="is locked by another process; try again"):
                await save(store, lease, changed, attempts=[record])
            assert await store.get([ONE]) == [record]
            async with open_sqlite(path, patience=0.05) as opened_meanwhile:
                assert await opened_meanwhile.last_seq() == 1
        assert (await store.attempts(ONE), await store.last_seq()) == ([], 1)
        await save(store, lease, changed)
        assert await store.get([ONE]) == [changed]


async def _save_many(store: SqliteStore, lease: Lease, status: JobStatus) -> list[JobRecord]:
    subjobs = await store.select(Query(parent=ONE), limit=10_000)
    changed = [replace(record, status=status, reason="x" * 200) for record in subjobs]
    await save(store, lease, *changed, attempts=subjobs)
    return changed


async def test_a_full_disk_is_told_and_nothing_is_half_written(sqlite: SqliteStore) -> None:
    await sqlite.create(new_job(2000), AT)
    lease = await take(sqlite)
    before = await sqlite.select(Query(subjobs=True), limit=10_000)
    await sqlite._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
    for attempt in (
        _save_many(sqlite, lease, JobStatus.RUNNING),
        sqlite.create(new_job(5000), AT),
    ):
        with pytest.raises(StoreUnavailable, match="disk is full; free some space and try again"):
            await attempt
    assert await sqlite.select(Query(subjobs=True), limit=10_000) == before
    assert (await sqlite.attempts(JobId("1.7")), await sqlite.last_seq()) == ([], 1)
    await sqlite._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    changed = await _save_many(sqlite, lease, JobStatus.RUNNING)
    assert await sqlite.select(Query(parent=ONE), limit=10_000) == changed
    assert (await sqlite.create(new_job(), AT)).id == "2"


async def test_reading_does_not_wait_for_writing(path: Path) -> None:
    async with open_sqlite(path) as store:
        await store.create(new_job(), AT)
        placed, go_on = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def place(_: JobId) -> None:
            loop.call_soon_threadsafe(placed.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)

        creating = asyncio.create_task(store.create(new_job(100), AT, place=place))
        await placed.wait()
        assert ids(await store.select(Query())) == [ONE]
        assert await store.last_seq() == 1
        go_on.set()
        assert (await creating).subjobs == 100


async def test_100_000_subjobs_are_created_at_once(sqlite: SqliteStore) -> None:
    await sqlite.create(new_job(100_000), AT)
    assert await sqlite.count(Query(subjobs=True)) == {JobStatus.SUBMITTING: 100_001}
    assert await sqlite.last_seq() == 1
    assert ids(await sqlite.select(Query(parent=ONE), after=JobId("1.99998"))) == ["1.99999"]
    assert await sqlite.families(HERE) == {ONE: {JobStatus.SUBMITTING: 100_000}}


async def test_garbage_is_not_a_store(path: Path) -> None:
    for content in (
        b"x",
        b"not a database, but long enough to have a header " * 100,
        b"SQLite format 3\0" + b"\xff" * 5000,
    ):
        _write(path, content)
        assert "not a store" in await _cannot_be_opened(path, StoreDamaged)
        assert _read(path) == content


async def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with _connected(path) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    before = _read(path)
    assert "another program" in await _cannot_be_opened(path, StoreDamaged)
    assert _read(path) == before


async def test_a_truncated_store_is_damaged(path: Path) -> None:
    async with open_sqlite(path) as store:
        await store.create(new_job(1000), AT)
    whole = _read(path)
    for size in (100, 600, 4096, 3 * 4096, len(whole) // 2):
        _write(path, whole[:size])
        await _cannot_be_opened(path, StoreDamaged)


async def test_a_store_with_a_damaged_page_is_damaged(path: Path) -> None:
    async with open_sqlite(path) as store:
        await store.create(new_job(1000), AT)
    whole = _read(path)
    _write(path, whole[: len(whole) // 2] + b"\xa5" * (len(whole) - len(whole) // 2))
    await _cannot_be_opened(path, StoreDamaged)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET status = 'sleeping'",
        "UPDATE jobs SET name = CAST(x'ff' AS TEXT)",
        "DROP TABLE jobs",
    ],
)
async def test_what_makes_no_sense_in_a_store_is_damage(path: Path, statement: str) -> None:
    async with open_sqlite(path) as store:
        await store.create(new_job(), AT)
        with _connected(path) as other:
            other.execute(statement)
        with pytest.raises(StoreDamaged):
            await store.select(Query())


async def test_a_damaged_specification_is_told(sqlite: SqliteStore, path: Path) -> None:
    await sqlite.create(new_job(), AT)
    with _connected(path) as other:
        other.execute("UPDATE specifications SET specification = '{'")
    with pytest.raises(StoreDamaged, match="restore it from a copy"):
        await sqlite.specifications([ONE])


async def test_a_newer_store_is_refused(path: Path) -> None:
    async with open_sqlite(path):
        pass
    with _connected(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    for read_only in (True, False):
        assert "version 99" in await _cannot_be_opened(path, StoreTooNew, read_only=read_only)


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "file", b"x")
    assert "make its folder writable" in await _cannot_be_opened(tmp_path / "file" / "store", StoreUnavailable)
    assert "make its folder writable" in await _cannot_be_opened(tmp_path, StoreUnavailable)


async def test_a_network_file_system_is_used_safely_and_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_sqlite(path):
        pass
    monkeypatch.setattr(sqlite_module, "mount_table", lambda: "1 2 0:1 / / rw - nfs4 server:/ rw\n")
    async with open_sqlite(path) as store, open_sqlite(path) as other:
        (warning,) = store.warnings
        assert f"the store {path} lies on nfs4" in warning
        await store.create(new_job(), AT)
        journal = await store._writer.run(lambda connection: connection.execute("PRAGMA journal_mode").fetchone())
        synchronous = await store._writer.run(lambda connection: connection.execute("PRAGMA synchronous").fetchone())
        assert (journal, synchronous) == (("truncate",), (2,))
        assert await other.wait(Seq(0), 30)
        assert "store.sqlite-wal" not in _files(path.parent)
