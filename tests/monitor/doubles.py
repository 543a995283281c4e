"""Small doubles for the tests of the monitor: time that jumps, back ends that misbehave, stores that fail."""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ganga.backends.base import Backend, Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.errors import StoreUnavailable
from ganga.model.clock import Moment, Utc
from ganga.model.event import Event
from ganga.model.ids import JobId, NativeId, Seq, Tag, TargetName
from ganga.model.job import JobRecord, JobSpec, TargetState
from ganga.model.observation import Answer
from ganga.model.policy import Pace, Policy, Retry, Width
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.monitor.connection import Target
from ganga.monitor.instruments import SILENT, Observer
from ganga.monitor.service import Service
from ganga.split import repeat
from ganga.store.base import Lease, NewJob
from ganga.store.memory import MemoryStore
from ganga.testing.backend import ScriptedBackend
from ganga.testing.clock import VirtualLoop
from ganga.testing.world import Script
from ganga.workspace import Workspace

ArgumentsP = ParamSpec("ArgumentsP")
_T = TypeVar("_T")

RETRY = Retry(first=1.0, longest=8.0)
#: Questions every other second, and no long waiting.
BRISK = Policy(
    sweep=Pace(fastest=2.0, slowest=2.0, retry=RETRY),
    submit=Width(batch=500, retry=RETRY),
    find=Width(batch=500, retry=RETRY),
    kill=Width(batch=500, retry=RETRY),
    finish=Width(batch=10, parallel=2, retry=RETRY),
    postprocess=Width(batch=1, parallel=4, retry=RETRY),
    answer_within=5.0,
    submit_within=10.0,
    finish_within=20.0,
    plugin_within=10.0,
)


class Inline(ThreadPoolExecutor):
    """Makes each call at once, on the loop itself: in virtual time nobody waits for a thread."""

    def submit(
        self, fn: Callable[ArgumentsP, _T], /, *args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs
    ) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future's to raise
            future.set_exception(error)
        return future


def virtual(test: Callable[ArgumentsP, Coroutine[Any, Any, None]]) -> Callable[ArgumentsP, None]:
    """Run an async test in virtual time, in which calls of threads are made at once. Warnings of the loop are
    errors.
    """

    @wraps(test)
    def run(*args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs) -> None:
        complaints: list[str] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(Inline())
            loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(main())
        gc.collect()
        assert complaints == []

    return run


def now() -> float:
    """Seconds of the running loop."""
    return asyncio.get_running_loop().time()


def clock() -> Moment:
    """Both clocks of the running virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.clock()


async def that(holds: Callable[[], bool], within: float = 600.0) -> None:
    """Wait in virtual time until this holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - the time that passes is virtual, and any state can be asked for
            await asyncio.sleep(0.1)


async def deaf() -> None:
    """Go on for ever, whoever cancels it."""
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()


def scripted(script: Script | None = None, latency: float = 0.1) -> ScriptedBackend:
    """A back end that works."""
    return ScriptedBackend(now, lambda _: script or Script(running=5.0), latency=latency)


def target(name: str, backend: Backend, policy: Policy = BRISK) -> Target:
    """A target whose back end is this one, always connected."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        yield backend

    return Target(TargetName(name), "scripted", policy, connect)


class Odd:
    """A back end that passes everything on to another one. Subclasses do some of it oddly."""

    def __init__(self) -> None:
        self.sane = scripted()

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        return await self.sane.submit(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        return await self.sane.find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        return await self.sane.poll(ids)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        await self.sane.kill(ids)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        return await self.sane.fetch(retrievals)


class TroubledStore(MemoryStore):
    """A store whose saves fail as long as there are `troubles`, each with the next of them."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: deque[Exception] = deque()
        self.saves = 0

    async def save(self, update: Update, lease: Lease) -> tuple[Event, ...]:
        self.saves += 1
        if self.troubles:
            raise self.troubles.popleft()
        return await super().save(update, lease)

    def full_disk(self, saves: int) -> None:
        self.troubles.extend(StoreUnavailable("the disk is full") for _ in range(saves))


class Site:
    """A store, a folder, and one process that looks after some targets."""

    def __init__(self, folder: Path, *targets: Target, store: MemoryStore | None = None) -> None:
        self.store = store or TroubledStore()
        self.workspace = Workspace(folder)
        self.targets = {target.name: target for target in targets}

    def service(self, *, monitoring: bool = True, observer: Observer = SILENT) -> Service:
        return Service(self.store, self.workspace, self.targets, monitoring=monitoring, clock=clock, observer=observer)

    async def create(self, target: str, subjobs: int | None = None, spec: JobSpec | None = None) -> JobId:
        shares = None if subjobs is None else repeat(subjobs)
        job = NewJob(spec or JobSpec(command=("true",), folder="/"), TargetName(target), shares=shares)
        return (await self.store.create(job, clock().utc)).id

    async def get(self, job: JobId) -> JobRecord:
        return (await self.store.get([job]))[0]

    async def until(self, job: JobId, *statuses: JobStatus, within: float = 120.0) -> JobRecord:
        """Wait until the job has one of these statuses (any final one if none is given)."""
        async with asyncio.timeout(within):
            while True:
                seq = await self.store.last_seq()
                record = await self.get(job)
                if record.status in statuses or (not statuses and record.status.final):
                    return record
                await self.store.wait(seq, within)

    async def state(self, target: str) -> TargetState:
        name = TargetName(target)
        return (await self.store.target_states()).get(name, TargetState(name=name))

    async def story(self, target: str) -> list[str]:
        """What happened to the target itself."""
        return [
            event.kind
            for event in await self.store.events(Seq(0), limit=100_000)
            if event.job is None and event.target == target
        ]


def at(seconds: float) -> Utc:
    """Some time."""
    return Utc(1_800_000_000.0 + seconds)
