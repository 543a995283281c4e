"""Figures of the whole stack: library, monitor, store and local jobs together."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import ganga
from ganga.backends.base import Backend, Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.model.clock import Utc
from ganga.model.ids import NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Answer, Observation
from ganga.model.policy import Pace, Policy, Width
from ganga.model.status import JobStatus
from ganga.monitor.connection import Target
from ganga.monitor.service import Service
from ganga.split import repeat
from ganga.store.base import NewJob
from ganga.store.memory import MemoryStore
from ganga.workspace import Workspace
from tests.bench.figures import Figure

JOBS = 2000
AT_ONCE = 8
RUNNING = 500


def figures() -> Iterator[Figure]:
    """All figures of this module, measured now."""
    yield _local_rate()
    yield from _end_to_event()
    yield _loop_lag()
    yield _help()


def _home(folder: str, at_once: int) -> Path:
    home = Path(folder)
    (home / "ganga.toml").write_text(f'[targets.local]\nbackend = "local"\njobs_at_once = {at_once}\n')
    return home


def _local_rate() -> Figure:
    with TemporaryDirectory() as folder:
        ours = asyncio.run(_through_ganga(_home(folder, AT_ONCE)))
    bare = asyncio.run(_bare_loop())
    ratio = bare / ours
    return Figure(
        f"local submit and finish, {JOBS} jobs of `true`",
        JOBS / ours,
        "jobs/s",
        JOBS / bare,
        ratio,
        ">= 0.4",
        ratio >= 0.4,
    )


async def _through_ganga(home: Path) -> float:
    async with ganga.open(home, config=home / "ganga.toml") as client:
        await client.wait(await client.submit(["true"]))
        started = time.perf_counter()
        (job,) = await client.wait(await client.submit(["true"], subjobs=JOBS))
        seconds = time.perf_counter() - started
    assert job.status is JobStatus.COMPLETED, job
    return seconds


async def _bare_loop() -> float:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with slots:
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(JOBS)))
    return time.perf_counter() - started


def _end_to_event() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        delays = sorted(asyncio.run(_delays(_home(folder, RUNNING))))
    median, last = statistics.median(delays), delays[int(len(delays) * 0.99)]
    name = f"end of a local process to the stored event, {RUNNING} jobs running"
    yield Figure(f"{name}, median", median * 1e3, "ms", 20.0, median * 1e3 / 20.0, "<= 20 ms", median <= 0.02)
    yield Figure(f"{name}, p99", last * 1e3, "ms", 100.0, last * 1e3 / 100.0, "<= 100 ms", last <= 0.1)


async def _delays(home: Path) -> list[float]:
    """From just before each process ended, by its own clock, until a reader of the store has its event."""
    script = "sleep $(( 15 + GANGA_SUBJOB_INDEX / 50 )).$(( 10 + GANGA_SUBJOB_INDEX % 90 )); exec date +%s.%N"
    arrived: dict[str, float] = {}
    async with ganga.open(home, config=home / "ganga.toml") as client:
        job = await client.submit(["sh", "-c", script], subjobs=RUNNING)
        async for event in client.events(after=0, job=job):
            if event.new is JobStatus.COMPLETING and event.job is not None and event.job != job.id:
                arrived[event.job] = time.time()
            if event.job == job.id and event.new is not None and event.new.final:
                break
        ended = {name: float(await client.read(name)) for name in arrived}
    assert len(arrived) == RUNNING
    return [arrived[name] - ended[name] for name in arrived]


class Hung:
    """A back end none of whose verbs ever returns."""

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        await asyncio.Event().wait()
        raise AssertionError(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError(ids)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        await asyncio.Event().wait()
        raise AssertionError(ids)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        await asyncio.Event().wait()
        raise AssertionError(retrievals)


class Flooding(Hung):
    """A back end that tells something new of each of its jobs each time that it is asked, and of as many others."""

    def __init__(self, others: int) -> None:
        self.asked = 0
        self._others = [NativeId(f"other {number}") for number in range(others)]

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        return Receipts({submission.tag: NativeId(submission.tag) for submission in batch})

    async def find(self, tags: Collection[Tag], /) -> Finding:
        return Finding(absent=frozenset(tags))

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        self.asked += 1
        word, at = f"WORD_{self.asked}", Utc(float(self.asked))
        told = Observation(status=JobStatus.RUNNING, native_status=word, started_at=at)
        return Answer(dict.fromkeys([*ids, *self._others], told))


def _target(name: str, backend: Backend, policy: Policy) -> Target:
    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        yield backend

    opening: Callable[[], AbstractAsyncContextManager[Backend]] = connect
    return Target(TargetName(name), "scripted", policy, opening)


def _loop_lag() -> Figure:
    lags = sorted(asyncio.run(_lags()))
    late = lags[int(len(lags) * 0.99)] * 1e3
    return Figure(
        "loop lag with one target hung and one flooding, p99", late, "ms", 20.0, late / 20.0, "<= 20 ms", late <= 20.0
    )


async def _lags(seconds: float = 15.0, jobs: int = 20_000) -> list[float]:
    pace = Pace(fastest=0.2, slowest=0.2)
    wide = Policy(sweep=pace, sweep_width=Width(batch=jobs))
    flooding = Flooding(jobs)
    targets = {
        TargetName("hung"): _target("hung", Hung(), Policy(sweep=pace)),
        TargetName("flooding"): _target("flooding", flooding, wide),
    }
    with TemporaryDirectory() as folder:
        store, workspace = MemoryStore(), Workspace(Path(folder))
        for name in targets:
            spec = JobSpec(command=("true",), folder="/")
            await store.create(NewJob(spec, name, shares=repeat(jobs)), Utc(time.time()))
        async with Service(store, workspace, targets) as service:
            await asyncio.sleep(seconds)
            lags = list(service.watchdog.lags)
    assert flooding.asked > 1, "nothing was flooded"
    return lags


def _help() -> Figure:
    ours = _best([sys.executable, "-m", "ganga", "--help"])
    bare = _best([sys.executable, "-c", "pass"])
    ratio = ours / bare
    return Figure("`ganga --help`", ours * 1e3, "ms", bare * 1e3, ratio, "<= 3", ratio <= 3.0)


def _best(command: list[str], runs: int = 15) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
