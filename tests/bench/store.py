"""The store's figures: what our care for records, events and leases adds to what SQLite itself costs."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from msgspec.structs import replace

from ganga.core.orders import Requested
from ganga.core.tracker import Tracker
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, NativeId, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Share
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store import statements
from ganga.store.base import NewJob, Query, Store
from ganga.store.rows import JOB_COLUMNS, Row, changed_row, event_row, new_row
from ganga.store.sqlite import open_sqlite
from tests.bench.figures import Figure

TARGET = TargetName("local")
NOW = Utc(1768000000.0)
#: Records that are saved, in batches of each of these sizes.
SAVED = 20_000
BATCHES = (100, 1000)
#: The store that is taken over: so many jobs and campaigns, of which so many of each still run.
WHOLE_JOBS, LIVE_WHOLE_JOBS = 500_000, 5_000
CAMPAIGNS, LIVE_CAMPAIGNS, SUBJOBS = 500, 10, 1000
RUNS = 5

Batch = tuple[list[JobRecord], tuple[Event, ...]]


def figures() -> Iterator[Figure]:
    """All figures of the store."""
    for size in BATCHES:
        yield saving(size)
    yield restart()


def saving(size: int) -> Figure:
    """Records a second, in batches of this size with one event each, and the same by a bare ``executemany``."""
    ours, bare = [], []
    for _ in range(RUNS):
        with TemporaryDirectory() as folder:
            ours.append(asyncio.run(_save(Path(folder) / "ours.sqlite", size)))
            bare.append(asyncio.run(_save_bare(Path(folder) / "bare.sqlite", size)))
    rate, limit = SAVED / median(ours), SAVED / median(bare)
    goal = "at least half the rate of a bare executemany of the same rows in the same transactions"
    return Figure(
        f"saving changes, SQLite, {size} at once", rate, "records/s", limit, rate / limit, goal, rate >= limit / 2
    )


def restart() -> Figure:
    """Seconds to take over the live jobs of a large store, and to ``SELECT`` them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        asyncio.run(_fill(path))
        ours, bare = [], []
        for _ in range(RUNS):
            bare.append(_select(path))
            ours.append(asyncio.run(_take_over(path)))
    seconds, limit = median(ours), median(bare)
    goal = "at most 1.5 times the bare SELECT of the live ones"
    figure = "restart with 1,000,000 jobs in the store, 10,000 of them live"
    return Figure(figure, seconds, "s", limit, seconds / limit, goal, seconds <= 1.5 * limit)


# Saving


async def _save(path: Path, size: int) -> float:
    async with open_sqlite(path) as store:
        return await save_all(store, await changes(store, SAVED, size))


async def _save_bare(path: Path, size: int) -> float:
    async with open_sqlite(path) as store:
        batches = await changes(store, SAVED, size)
        seq = await store.last_seq()
    return executemany(path, batches, seq)


async def save_all(store: Store, batches: Sequence[Batch]) -> float:
    """Seconds to save them as a monitor does."""
    lease = await store.acquire(TARGET, "bench")
    if lease is None:
        raise AssertionError("nobody else is there to hold the lease")
    start = perf_counter()
    for records, events in batches:
        await store.save(Update(TARGET, tuple(records), events=events), lease)
    seconds = perf_counter() - start
    await store.release(lease)
    return seconds


def executemany(path: Path, batches: Sequence[Batch], seq: int) -> float:
    """Seconds to write the same rows into the database file, behind event `seq`."""
    numbered = rows(batches, seq)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        start = perf_counter()
        for records, events in numbered:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statements.WRITE_RECORD, records)
            connection.executemany(statements.WRITE_EVENT, events)
            connection.execute("COMMIT")
        return perf_counter() - start


def rows(batches: Sequence[Batch], seq: int) -> list[tuple[list[Row], list[Row]]]:
    """Records and events as rows, these numbered behind `seq`."""
    return [
        (list(map(changed_row, records)), [(seq := seq + 1, *event_row(event)[1:]) for event in events])
        for records, events in batches
    ]


async def changes(store: Store, jobs: int, size: int) -> list[Batch]:
    """So many jobs in the store, and what a monitor would write when they start, in random order, so many at once."""
    job = await store.create(NewJob(JobSpec(command=("true",)), TARGET, shares=[Share()] * jobs), NOW)
    records = await store.select(Query(parent=job.id), limit=jobs)
    Random(1).shuffle(records)
    changed = [
        replace(record, status=JobStatus.RUNNING, native_id=NativeId(record.id), native_status="R", started_at=NOW)
        for record in records
    ]
    return [(batch, tuple(map(_started, batch))) for batch in (changed[at : at + size] for at in range(0, jobs, size))]


def _started(record: JobRecord) -> Event:
    return Event(
        at=NOW,
        kind=EventKind.STATUS_CHANGED,
        target=TARGET,
        job=record.id,
        old=JobStatus.SUBMITTING,
        new=JobStatus.RUNNING,
        attempt=1,
    )


# Taking over


async def _fill(path: Path) -> None:
    async with open_sqlite(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany(statements.NEW_JOB, map(new_row, _many_jobs()))
        connection.execute("COMMIT")


def _many_jobs() -> Iterator[JobRecord]:
    """Whole jobs of which a few still run, here and there, and campaigns of which the last still run, half done."""
    random = Random(1)
    live = set(random.sample(range(1, WHOLE_JOBS + 1), LIVE_WHOLE_JOBS))
    for number in range(1, WHOLE_JOBS + 1):
        yield _job(job_id(number), live=number in live)
    for number in range(WHOLE_JOBS + 1, WHOLE_JOBS + CAMPAIGNS + 1):
        running = number > WHOLE_JOBS + CAMPAIGNS - LIVE_CAMPAIGNS
        yield replace(_job(job_id(number), live=running), subjobs=SUBJOBS, native_id=None)
        for index in range(SUBJOBS):
            yield _job(job_id(number, index), live=running and index % 2 == 0)


def _job(job: JobId, *, live: bool) -> JobRecord:
    return JobRecord(
        id=job,
        name="campaign of march",
        target=TARGET,
        status=JobStatus.RUNNING if live else JobStatus.COMPLETED,
        created_at=NOW,
        attempt=1,
        wanted_attempt=1,
        native_id=NativeId(f"n{job}"),
        native_status="RUNNING" if live else "COMPLETED",
        exit_code=None if live else 0,
        outcome=None if live else JobStatus.COMPLETED,
        submitted_at=NOW,
        started_at=NOW,
        ended_at=None if live else NOW,
        confirmed_at=NOW,
        peak_memory=None if live else 2**30,
        cpu_time=None if live else 500.0,
    )


def _select(path: Path) -> float:
    statement = f"SELECT {JOB_COLUMNS} FROM jobs WHERE target = ? AND {statements.LIVE}"  # noqa: S608 - our own text
    with closing(sqlite3.connect(path)) as connection:
        start = perf_counter()
        connection.execute(statement, (TARGET,)).fetchall()
        return perf_counter() - start


async def _take_over(path: Path) -> float:
    async with open_sqlite(path) as store:
        return await take_over(store, Tracker(TARGET, Policy(), Random(1)))


async def take_over(store: Store, tracker: Tracker) -> float:
    """Seconds until it follows all live jobs of its target."""
    moment, target = Moment(Monotonic(0.0), NOW), tracker.name
    start = perf_counter()
    in_doubt = await store.handed_over(target)
    tracker.receive([Requested(target, families=await store.families(target))], moment)
    last: JobId | None = None
    while records := await store.live(target, after=last):
        tracker.receive([Requested(target, tuple(records), in_doubt=in_doubt)], moment)
        last = records[-1].id
    return perf_counter() - start
