"""The local back end by itself: how fast jobs come and go, and how soon an end is known."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.backends import local
from ganga.backends.base import Submission, Surroundings
from ganga.backends.local.backend import LocalBackend
from ganga.backends.local.settings import usable_processors
from ganga.model.ids import Cursor, JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from tests.bench.figures import Figure, at_least, at_most

_JOBS = 2000
_BATCH = 500
_RUNNING = 500
#: Of the jobs that run, so many are watched for their end.
_ENDING = 300
#: Seconds between two ends.
_APART = 0.03


def figures() -> Iterator[Figure]:
    """The rate of small jobs against a bare loop, and the delay of the news of an end."""
    bare = asyncio.run(_bare_rate())
    rate = asyncio.run(_rate())
    yield at_least("local back end, 2,000 jobs of `true`", rate, "jobs/s", 0.6 * bare, "at least 0.6 of a bare loop")
    delays = asyncio.run(_delays())
    ranked = statistics.quantiles(delays, n=100)
    yield at_most("end of a local process to the news, median", ranked[49], "ms", 10.0, "at most 10 ms, 500 running")
    yield at_most("end of a local process to the news, p99", ranked[98], "ms", 50.0, "at most 50 ms, 500 running")


async def _bare_rate() -> float:
    """Jobs per second of a loop that starts the same processes, as many at once, and waits."""
    room = asyncio.Semaphore(usable_processors())

    async def run() -> None:
        async with room:
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()

    begin = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(_JOBS)))
    return _JOBS / (time.perf_counter() - begin)


async def _rate() -> float:
    async with _opened(local.Settings(linger=1.0)) as backend:
        begin = time.perf_counter()
        submitting = asyncio.create_task(_submit(backend, _JOBS, ("true",)))
        left = {NativeId(_tag(number)) for number in range(_JOBS)}
        async for news in _news(backend):
            left -= {native_id for native_id, seen in news.items() if seen.status.final}
            if not left:
                break
        await submitting
        return _JOBS / (time.perf_counter() - begin)


async def _delays() -> list[float]:
    """Milliseconds from the end of a process, as its launcher saw it, to the news of it."""
    async with _opened(local.Settings(jobs_at_once=_RUNNING, linger=1.0, grace=0.0)) as backend:
        with tempfile.TemporaryDirectory() as folder:
            script = f"while [ ! -e {folder}/go ]; do sleep 1; done; sleep $(printf '%d.%03d' $DELAY $MILLI)"
            await _submit(backend, _RUNNING, ("sh", "-c", script))
            return await _timed_ends(backend, Path(folder))


async def _timed_ends(backend: LocalBackend, folder: Path) -> list[float]:
    running: set[NativeId] = set()
    delays: list[float] = []
    async for news in _news(backend):
        now = time.time()
        for native_id, seen in news.items():
            if seen.status.final and seen.ended_at is not None:
                delays.append(1000 * (now - seen.ended_at))
            running.add(native_id)
        if len(running) == _RUNNING and not (folder / "go").exists():
            (folder / "go").touch()
        if len(delays) >= _ENDING:
            break
    await backend.kill(list(running))
    return delays


async def _submit(backend: LocalBackend, count: int, command: tuple[str, ...]) -> None:
    for start in range(0, count, _BATCH):
        await backend.submit([_job(number, command) for number in range(start, min(start + _BATCH, count))])


def _job(number: int, command: tuple[str, ...]) -> Submission:
    seconds, milliseconds = divmod(2000 + int(1000 * _APART * number), 1000)
    environment = {"DELAY": str(seconds), "MILLI": str(milliseconds)}
    return Submission(
        job=JobId(f"1.{number}"), tag=Tag(_tag(number)), spec=JobSpec(command=command, environment=environment)
    )


def _tag(number: int) -> str:
    return f"bench-{number}"


async def _news(backend: LocalBackend) -> AsyncIterator[dict[NativeId, Observation]]:
    cursor: Cursor | None = None
    while True:
        answer = await backend.changes(cursor)
        cursor = answer.cursor
        yield dict(answer.seen)


@asynccontextmanager
async def _opened(settings: local.Settings) -> AsyncIterator[LocalBackend]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with local.connect(settings, Surroundings(TargetName("bench"), Path(folder) / "target")) as backend:
            yield backend
