"""What was archived is in the archive or in the store, and comes back as it was."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.errors import EventsForgotten, StoreDamaged, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store import archive
from ganga.store.archiving import Outcome, bring_back, put_away
from ganga.store.base import Query, Store
from ganga.store.contents import contents
from ganga.store.memory import MemoryStore
from ganga.store.portion import Portion, StoredJob
from ganga.store.sqlite import SqliteStore, open_sqlite
from ganga.testing.store_checks.kit import AT, HERE, ids, new_job, take
from tests.store.killing import kill_at_each_step
from tests.store.stored import answers, fill, portions, silent

LONG_AFTER = Utc(AT + 1e6)
YOUNG = Utc(AT + 2e6)


def is_there(path: Path) -> bool:
    """Whether there is such a file."""
    return path.exists()


class Interrupted(Exception):
    """The archiving process was killed."""


async def no_pause() -> None:
    """Nobody waits for the store."""


@asynccontextmanager
async def both_stores() -> AsyncIterator[tuple[Store, Store]]:
    with TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "store.sqlite") as sqlite:
            yield MemoryStore(), sqlite


async def end(store: Store, *jobs: JobId, at: Utc = AT, ended: Utc | None = AT) -> None:
    """Have jobs, with their subjobs, completed."""
    lease = await take(store)
    records = [record for job in jobs for record in await store.concerned(job)]
    done = tuple(replace(record, status=JobStatus.COMPLETED, ended_at=ended) for record in records)
    events = tuple(
        Event(at=at, kind=EventKind.STATUS_CHANGED, target=HERE, job=record.id, new=record.status) for record in done
    )
    await store.save(Update(HERE, done, (), events), lease)
    await store.release(lease)


async def three_jobs(store: Store) -> None:
    """One that ended long ago, one with subjobs that did, one that lives; five events are old, one is young."""
    await store.create(new_job(), AT)
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    await end(store, JobId("1"))
    await end(store, JobId("2"), at=YOUNG)


@given(held=portions(), before=st.floats(0, 2e9).map(Utc), bound=st.integers(1, 3))
def test_what_was_archived_and_brought_back_is_as_it_was(held: Portion, before: Utc, bound: int) -> None:
    async def check(store: Store, path: Path) -> Sequence[object]:
        await fill(store, held)
        was = await answers(store)
        outcome = await put_away(store, path, before, silent, no_pause)
        rest = await answers(store)
        assert is_there(path) is bool(outcome.jobs or outcome.events)
        if is_there(path):
            assert await bring_back(store, path, silent, no_pause) == replace(outcome, stayed=0)
            assert await answers(store) == was
        else:
            assert rest == was
        return rest

    async def check_both() -> None:
        with TemporaryDirectory() as folder:
            async with both_stores() as (memory, sqlite):
                assert await check(memory, Path(folder, "1")) == await check(sqlite, Path(folder, "2"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganga.store.archiving.STEP", bound)
        patch.setattr("ganga.store.archiving.JOBS", bound)
        patch.setattr("ganga.store.archiving.PAGE", bound)
        asyncio.run(check_both())


@given(held=portions(), before=st.floats(0, 2e9).map(Utc), stop=st.integers(0, 12))
def test_archiving_that_was_interrupted_goes_on(held: Portion, before: Utc, stop: int) -> None:
    async def check(store: Store, path: Path) -> None:
        left = stop

        async def pause() -> None:
            nonlocal left
            if not left:
                raise Interrupted
            left -= 1

        await fill(store, held)
        was = await answers(store)
        try:
            await put_away(store, path, before, silent, pause)
        except Interrupted:
            await bring_back(store, path, silent, no_pause)
            assert await answers(store) == was
            await put_away(store, path, before, silent, no_pause)
        if is_there(path):
            await bring_back(store, path, silent, no_pause)
        assert await answers(store) == was

    async def check_both() -> None:
        with TemporaryDirectory() as folder:
            async with both_stores() as (memory, sqlite):
                await check(memory, Path(folder, "1"))
                await check(sqlite, Path(folder, "2"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganga.store.archiving.STEP", 1)
        patch.setattr("ganga.store.archiving.JOBS", 1)
        asyncio.run(check_both())


async def test_old_jobs_and_events_are_archived_and_no_others(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    path = tmp_path / "old.gz"
    outcome = await put_away(store, path, LONG_AFTER, silent, no_pause)
    assert outcome == Outcome(jobs=2, subjobs=2, events=4)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not is_there(tmp_path / ".old.gz.partial")
    assert ids(await store.select(Query(subjobs=True))) == ["3"]
    assert [event.seq for event in await store.events(Seq(0))] == [5, 6, 7]
    with pytest.raises(EventsForgotten, match="those up to 4 were archived; read on behind 4"):
        await store.events(Seq(3))
    assert len(await store.events(Seq(4))) == 3
    assert (await store.create(new_job(), AT)).id == "4"


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.NEW])
async def test_a_job_stays_while_one_of_its_subjobs_may_go_on(store: Store, tmp_path: Path, status: JobStatus) -> None:
    await three_jobs(store)
    lease = await take(store)
    [subjob] = await store.get([JobId("2.1")])
    await store.save(Update(HERE, (replace(subjob, status=status),)), lease)
    assert (await put_away(store, tmp_path / "old.gz", LONG_AFTER, silent, no_pause)).jobs == 1
    assert len(await store.select(Query(parent=JobId("2"), subjobs=True))) == 2


async def test_a_job_that_is_to_be_submitted_again_stays(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    await store.request_submit([JobId("1")], AT)
    assert (await put_away(store, tmp_path / "old.gz", LONG_AFTER, silent, no_pause)).jobs == 1
    assert await store.get([JobId("1")])


async def test_a_job_of_which_something_is_said_meanwhile_stays(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    path = tmp_path / "old.gz"

    def tell(*told: int | str) -> None:
        if "archiving jobs" in told:
            meanwhile.append(asyncio.get_running_loop().create_task(store.request_submit([JobId("1")], AT)))

    meanwhile: list[asyncio.Task[list[JobId]]] = []
    outcome = await put_away(store, path, LONG_AFTER, tell, no_pause)
    await asyncio.gather(*meanwhile)
    assert outcome.stayed == 1
    assert (await store.get([JobId("1")]))[0].wanted_attempt == 2
    await bring_back(store, path, silent, no_pause)
    assert (await store.get([JobId("1")]))[0].wanted_attempt == 2


async def test_an_archive_holds_all_the_events_that_it_says(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await three_jobs(store)
    really = store.dump

    async def dump_after_another_has_archived(*, after: JobId | None = None, limit: int = 1000) -> list[StoredJob]:
        await store.forget_events(Seq(2))
        return await really(after=after, limit=limit)

    monkeypatch.setattr(store, "dump", dump_after_another_has_archived)
    with pytest.raises(UsageError, match="another process has archived events meanwhile"):
        await put_away(store, tmp_path / "old.gz", LONG_AFTER, silent, no_pause)
    with pytest.raises(FileNotFoundError):
        archive.check(tmp_path / "old.gz")
    assert len(await store.select(Query())) == 3


async def test_an_archive_is_never_written_over(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    path = tmp_path / "old.gz"
    await put_away(store, path, LONG_AFTER, silent, no_pause)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"old\.gz is complete, and all of it has left the store; name another file"):
        await put_away(store, path, YOUNG, silent, no_pause)
    assert path.read_bytes() == before


async def test_an_archive_of_another_store_is_refused(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    path = tmp_path / "old.gz"
    await put_away(store, path, LONG_AFTER, silent, no_pause)
    for refused in (
        put_away(MemoryStore(), path, LONG_AFTER, silent, no_pause),
        bring_back(MemoryStore(), path, silent, no_pause),
    ):
        with pytest.raises(UsageError, match="is an archive of the store"):
            await refused


async def test_nothing_is_deleted_when_the_archive_does_not_read_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await three_jobs(store)
    before = await contents(store, silent)
    check = archive.check

    def damaged(path: Path) -> tuple[archive.Heading, archive.Ending]:
        written = bytearray(path.read_bytes())
        written[len(written) // 2] ^= 0xFF
        path.write_bytes(written)
        return check(path)

    monkeypatch.setattr(archive, "check", damaged)
    with pytest.raises(StoreDamaged):
        await put_away(store, tmp_path / "old.gz", LONG_AFTER, silent, no_pause)
    assert await contents(store, silent) == before


async def test_events_come_back_only_next_to_those_that_are_here(store: Store, tmp_path: Path) -> None:
    await three_jobs(store)
    was = await contents(store, silent)
    older, newer = tmp_path / "older.gz", tmp_path / "newer.gz"
    await put_away(store, older, LONG_AFTER, silent, no_pause)
    assert (await put_away(store, newer, Utc(YOUNG + 1), silent, no_pause)).events == 3
    assert (await bring_back(store, older, silent, no_pause)).events == 0
    assert await store.events(Seq(0)) == []
    assert (await bring_back(store, newer, silent, no_pause)).events == 3
    assert (await bring_back(store, older, silent, no_pause)).events == 4
    assert await contents(store, silent) == was


async def test_who_writes_waits_for_one_small_step_at_most(
    sqlite: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever there is to delete, each transaction deletes a bounded number of rows, and there is a pause after it in
    which others write.
    """
    monkeypatch.setattr("ganga.store.archiving.STEP", 10)
    monkeypatch.setattr("ganga.store.archiving.JOBS", 10)
    for subjobs in (95, None, 35, None):
        await sqlite.create(new_job(subjobs), AT)
    for number in range(1, 5):
        await end(sqlite, JobId(str(number)))
    deleted = await _counting(sqlite)
    written: list[JobId] = []

    async def write() -> None:
        written.append((await sqlite.create(new_job(), YOUNG)).id)

    await put_away(sqlite, tmp_path / "old.gz", LONG_AFTER, silent, write)
    steps = deleted()
    assert sum(steps) >= 134 * 2
    # A job goes from four tables.
    assert max(steps) <= 4 * 10
    assert len(written) >= len(steps) - 3


async def _counting(store: SqliteStore) -> Callable[[], list[int]]:
    """Rows that each transaction from now on has deleted."""
    kept: list[Connection] = []
    await store._writer.run(kept.append)
    steps: list[int] = [0]

    def trace(statement: str) -> None:
        if statement.startswith("BEGIN"):
            steps.append(0)

    def count(connection: Connection) -> None:
        connection.set_trace_callback(trace)
        connection.create_function("tell", 0, lambda: steps.__setitem__(-1, steps[-1] + 1))
        for table in ("jobs", "specifications", "shares", "attempts", "events"):
            connection.execute(
                f"CREATE TEMP TRIGGER told_{table} AFTER DELETE ON main.{table} BEGIN SELECT tell(); END"
            )

    await store._writer.run(count)
    return lambda: [step for step in steps if step]


ARCHIVER = """
import asyncio, sys
from pathlib import Path
from ganga.store import archiving
from ganga.store.sqlite import open_sqlite
archiving.STEP = archiving.JOBS = archiving.PAGE = 2
def wait(*told):
    print(told, flush=True)
    sys.stdin.readline()
async def pause():
    wait("paused")
async def main():
    async with open_sqlite(Path(sys.argv[1])) as store:
        path = Path(sys.argv[2])
        complete = path.exists()
        try:
            await archiving.put_away(store, path, float(sys.argv[3]), wait, pause)
        except archiving.UsageError:
            assert complete
asyncio.run(main())
print("done", flush=True)
"""


def test_an_archiver_killed_at_any_step_loses_nothing(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.gz"

    async def make() -> Sequence[object]:
        async with open_sqlite(path) as store:
            await three_jobs(store)
            return await answers(store)

    async def read() -> tuple[list[JobId], Sequence[object]]:
        async with open_sqlite(path) as store:
            rest = ids(await store.select(Query(subjobs=True)))
            await bring_back(store, old, silent, no_pause)
            return rest, await answers(store)

    before = asyncio.run(make())
    assert kill_at_each_step(ARCHIVER, str(path), str(old), str(LONG_AFTER)) >= 4
    assert asyncio.run(read()) == (["3"], before)
