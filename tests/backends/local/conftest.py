"""A target of real processes in a temporary folder, and nothing of it left behind."""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ganga.backends import local
from ganga.backends.base import Submission, Surroundings
from ganga.backends.local.backend import LocalBackend
from ganga.model.ids import Cursor, JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec, Share
from ganga.model.observation import Observation

LIMIT = 60.0


class Target:
    """A local target under test: submit, follow by the feed only, look at its processes."""

    def __init__(self, folder: Path, settings: local.Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.seen: dict[NativeId, Observation] = {}
        self._numbers = itertools.count(1)
        self._cursor: Cursor | None = None
        self._stack = AsyncExitStack()
        self._backend: LocalBackend | None = None

    @property
    def backend(self) -> LocalBackend:
        assert self._backend is not None
        return self._backend

    async def open(self) -> None:
        context = local.connect(self.settings, Surroundings(TargetName("local"), self.folder))
        self._backend = await self._stack.enter_async_context(context)

    async def close(self) -> None:
        await self._stack.aclose()

    async def submit(
        self,
        *command: str,
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
        share: Share | None = None,
    ) -> NativeId:
        number = next(self._numbers)
        job = Submission(
            job=JobId(str(number)),
            tag=Tag(f"ganga-test-{number}-1"),
            spec=JobSpec(command=command, folder=folder, environment=environment or {}),
            share=share or Share(),
        )
        return await self.hand_over(job)

    async def hand_over(self, job: Submission) -> NativeId:
        receipts = await self.backend.submit([job])
        assert not receipts.rejected
        return receipts.accepted[job.tag]

    async def until(self, native_id: NativeId, wanted: Callable[[Observation], bool]) -> Observation:
        """The news of the job that is wanted, as the feed tells it."""
        async with asyncio.timeout(LIMIT):
            while native_id not in self.seen or not wanted(self.seen[native_id]):
                answer = await self.backend.changes(self._cursor)
                self._cursor = answer.cursor
                self.seen.update(answer.seen)
        return self.seen[native_id]

    async def ended(self, native_id: NativeId) -> Observation:
        return await self.until(native_id, lambda seen: seen.status.final)

    async def running(self, native_id: NativeId) -> Observation:
        return await self.until(native_id, lambda seen: seen.native_status == "running")

    async def polled(self, native_id: NativeId) -> Observation:
        return (await self.backend.poll([native_id])).seen[native_id]

    def record(self, tag: str) -> list[dict[str, dict[str, object]]]:
        """What happened to the job, line by line."""
        return [json.loads(line) for line in (self.folder / "jobs" / tag).read_bytes().splitlines()[1:]]

    def launcher(self, tag: str) -> int:
        return int(str(self.record(tag)[0]["launched"]["pid"]))

    def main(self, tag: str) -> int:
        return int(str(self.record(tag)[1]["main"]["pid"]))

    async def end_spooler(self) -> None:
        """Kill it, unless it has ended by itself: nobody needs it after the close."""
        spooler = self.spooler()
        with suppress(ProcessLookupError):
            os.kill(spooler, signal.SIGKILL)
        await gone([spooler])

    def spooler(self) -> int:
        return int(json.loads((self.folder / "spooler.json").read_bytes())["pid"])

    def output(self, tag: str) -> str:
        """What it has written; nothing before it has begun."""
        path = self.folder / "output" / f"{tag}.stdout"
        return path.read_text() if path.exists() else ""


async def gone(pids: Iterable[int]) -> None:
    """Wait until none of these processes is left; a dead one that nobody waits for is gone."""
    left = list(pids)
    async with asyncio.timeout(LIMIT):
        while any(map(lives, left)):  # noqa: ASYNC110 - no event tells of processes that are not ours
            await asyncio.sleep(0.005)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells of."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - that is what it is for
            await asyncio.sleep(0.005)


def lives(pid: int) -> bool:
    """A dead one that nobody waits for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(folder: Path) -> list[psutil.Process]:
    """Spooler and launchers, which are known by their command line."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(folder) in process.cmdline() and process.pid != os.getpid():
                found.append(process)
    return found


@asynccontextmanager
async def opened(folder: Path, settings: local.Settings) -> AsyncIterator[Target]:
    target = Target(folder, settings)
    await target.open()
    try:
        yield target
    finally:
        await target.close()
        await end_all(folder)


async def end_all(folder: Path) -> None:
    """Kill what is left, jobs first."""
    ours = processes_of(folder)
    family: list[psutil.Process] = []
    for process in ours:
        with suppress(psutil.NoSuchProcess):
            family += process.children(recursive=True)
    for process in [*family, *ours]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    await gone([process.pid for process in [*family, *ours]])


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Target]:
    async with opened(tmp_path / "target", local.Settings(jobs_at_once=4, grace=0.3, linger=0.5)) as target:
        yield target
