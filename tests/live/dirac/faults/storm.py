"""All faults at once: a target for each, under one monitor, while jobs change on the server.

What the monitor told of each target is kept, and judged afterwards.
"""

import asyncio
import io
import itertools
import tarfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import ganga
from ganga.client import Client
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from tests.live.dirac.faults.certificates import Certificates
from tests.live.dirac.faults.grounds import Ground, replaced
from tests.live.dirac.faults.table import COPIES, LIVES, Fault, Life
from tests.live.dirac.worker import patiently
from tests.live.gate import CALM, Gate

#: Seconds for each stage, on a machine that is slow and loaded.
PATIENCE = 180.0
_LOOK = 0.1

#: A server ends with the thread that started it: so it is one that lasts.
_hands = ThreadPoolExecutor(1, "servers")
_numbers = itertools.count(7_000_000, 100)


@dataclass
class Told:
    """What the monitor said of one target."""

    #: The native number of each job, its life, and ours.
    lives: dict[int, Life] = field(default_factory=dict)
    jobs: dict[int, JobId] = field(default_factory=dict)
    #: The error of the target while the trouble lasted.
    error: str | None = None
    #: Where errors say the server is.
    place: str = ""
    during: list[Event] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    records: dict[int, JobRecord] = field(default_factory=dict)
    #: The words of the server itself, at the end.
    truth: Mapping[int, str] = field(default_factory=dict)
    #: How the target stands at the end.
    state: TargetState | None = None

    @property
    def down_at_the_end(self) -> bool:
        return self.state is None or self.state.down_since is not None

    def __str__(self) -> str:
        """For whoever reads that a test has failed: how all stands at the end, and what led to it."""
        jobs = [f"{job}: {self.truth.get(job, 'removed')} there, {record}" for job, record in self.records.items()]
        return "\n".join([str(self.state), *jobs, *map(str, self.events)])


@dataclass(frozen=True)
class Stormy:
    """What was told while there was trouble, and after it."""

    #: By the names of the faults.
    targets: Mapping[str, Told]
    #: How the jobs on this machine ended that were submitted meanwhile.
    local: Sequence[JobStatus]


@dataclass
class _Target:
    """One fault, and where it happens."""

    name: TargetName
    fault: Fault
    gate: Gate | None
    credentials: Path
    told: Told


class Storm:
    """Of these faults on this ground; `folder` is empty. What befalls the server itself begins and ends too."""

    def __init__(
        self,
        ground: Ground,
        faults: Mapping[str, Fault],
        folder: Path,
        *authorities: Path,
        begin: Callable[[], None] = lambda: None,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._begin_at_server = begin
        self._end_at_server = end
        self._ground = ground
        self._faults = faults
        self._folder = folder
        self._certificates = Certificates(folder / "pki")
        self._trusted = self._certificates.trusted(folder / "certificates", *authorities)
        self._targets: list[_Target] = []
        self._local: list[JobStatus] = []

    async def run(self) -> Stormy:
        """Let it begin, rage and end."""
        async with AsyncExitStack() as stack:
            for number, fault in enumerate(self._faults.values()):
                self._targets.append(await self._target(stack, f"t{number}", fault))
            config = self._folder / "ganga.toml"
            config.write_text("".join(map(self._section, self._targets)))
            client = await stack.enter_async_context(ganga.open(self._folder / "home", config=config))
            await self._before(client)
            began = await client.store.last_seq()
            await by_hand(self._begin_at_server)
            try:
                for target in self._targets:
                    await self._begin(target)
                await self._meanwhile(client, began)
                for target in self._targets:
                    await self._end(target)
            finally:
                await by_hand(self._end_at_server)
            await self._after(client, began)
        told = (target.told for target in self._targets)
        return Stormy(dict(zip(self._faults, told, strict=True)), self._local)

    async def _target(self, stack: AsyncExitStack, name: str, fault: Fault) -> _Target:
        credentials = self._folder / f"{name}.credentials"
        replaced(credentials, await asyncio.to_thread(self._ground.credentials, "user"))
        gate = None
        if fault.trouble is not None:
            ground = self._ground
            gate = Gate(ground.host, ground.port, self._certificates.contexts, ground.inside)
            await stack.enter_async_context(gate)
        told = Told(place=f"localhost:{self._ground.port if gate is None else gate.port}")
        if fault.credentials in {"expired", "none"}:
            # No server is asked for that.
            told.place = str(credentials)
        return _Target(TargetName(name), fault, gate, credentials, told)

    def _section(self, target: _Target) -> str:
        port = None if target.gate is None else target.gate.port
        authorities = self._trusted
        patience = target.fault.patience
        return self._ground.target(target.name, target.credentials, port, authorities, patience=patience)

    async def _before(self, client: Client) -> None:
        """Jobs of all lives are followed, and those that are to have ended have ended."""
        for target in self._targets:
            first = next(_numbers)
            target.told.lives = dict(enumerate((life for life in LIVES.values() for _ in range(COPIES)), first))
        lives = {job: life for target in self._targets for job, life in target.told.lives.items()}
        await asyncio.to_thread(self._ground.insert, {job: life.before for job, life in lives.items()})
        await self._give_output(lives)
        for target in self._targets:
            records = await patiently(partial(client.track, target.name, *map(str, target.told.lives)))
            target.told.jobs = {int(record.name): record.id for record in records}
        ended = {job: life.ended for job, life in lives.items() if life.ended is not None}
        await asyncio.to_thread(self._ground.change, ended)

        async def known(target: _Target) -> bool:
            records = await _records(client, target)
            return all(records[job].status.final for job in target.told.lives if job in ended)

        await _until(known, self._targets)

    async def _give_output(self, lives: Mapping[int, Life]) -> None:
        archive = self._folder / "output.tar.bz2"
        with tarfile.open(archive, "w:bz2") as writer:
            member = tarfile.TarInfo("stdout")
            member.size = 6
            writer.addfile(member, io.BytesIO(b"hello\n"))
        settings = self._ground.settings(None)
        async with self._ground.open_road(settings) as road:
            sandbox = await road.upload(archive)
        await asyncio.to_thread(self._ground.assign_output, lives, sandbox)

    async def _begin(self, target: _Target) -> None:
        if target.gate is not None and target.fault.trouble is not None:
            await target.gate.suffer(target.fault.trouble)
        elif target.fault.credentials is not None:
            wanted = target.fault.credentials
            by = None if wanted == "none" else await asyncio.to_thread(self._ground.credentials, wanted)
            replaced(target.credentials, by)

    async def _end(self, target: _Target) -> None:
        if target.gate is not None:
            await target.gate.suffer(CALM)
        else:
            replaced(target.credentials, self._ground.credentials("user"))

    async def _meanwhile(self, client: Client, began: Seq) -> None:
        await self._change(target for target in self._targets if target.fault.credentials is None)
        # What was asked with the good credentials may still be answered: the gates have cut all else off.
        others = [target for target in self._targets if target.fault.credentials is not None]
        await _until(lambda target: _is_down(client, target), others)
        await self._change(others)
        local = await client.submit(["true"], target="local", subjobs=5)

        async def judged(target: _Target) -> bool:
            if target.fault.outage:
                return await _is_down(client, target)
            return await _as_expected(client, target)

        await _until(judged, self._targets)
        (ended,) = await client.wait(local, timeout=PATIENCE)
        self._local = [ended.status] + [record.status async for record in client.select(parent=local.id)]
        for target in self._targets:
            target.told.during = await _events(client, target, began)

    async def _change(self, targets: Iterable[_Target]) -> None:
        changes = {job: life.after for target in targets for job, life in target.told.lives.items()}
        await asyncio.to_thread(self._ground.change, changes)

    async def _after(self, client: Client, began: Seq) -> None:
        async def well(target: _Target) -> bool:
            return await _as_expected(client, target)

        await _until(well, self._targets)
        at = time.time()

        async def asked_again(target: _Target) -> bool:
            confirmed = (await client.target_states())[target.name].confirmed_at
            return confirmed is not None and confirmed > at

        await _until(asked_again, self._targets)
        states = await client.target_states()
        for target in self._targets:
            told = target.told
            told.events = await _events(client, target, began)
            told.records = await _records(client, target)
            told.truth = await asyncio.to_thread(self._ground.words, told.lives)
            told.state = states[target.name]


async def by_hand(work: Callable[[], None]) -> None:
    """Do something to servers, which blocks."""
    await asyncio.get_running_loop().run_in_executor(_hands, work)


async def _is_down(client: Client, target: _Target) -> bool:
    """Whether the monitor says so; its error is kept."""
    state = (await client.target_states())[target.name]
    target.told.error = state.error
    return state.down_since is not None


async def _as_expected(client: Client, target: _Target) -> bool:
    records = await _records(client, target)
    return all(
        (records[job].status, records[job].attempt) == (life.status, life.attempt)
        for job, life in target.told.lives.items()
    )


async def _records(client: Client, target: _Target) -> dict[int, JobRecord]:
    jobs = target.told.jobs
    records = await client.store.get(list(jobs.values()))
    return dict(zip(jobs, records, strict=True))


async def _events(client: Client, target: _Target, after: Seq) -> list[Event]:
    return [event async for event in client.events(after=after, follow=False) if event.target == target.name]


async def _until(so: Callable[[_Target], Awaitable[bool]], targets: Sequence[_Target]) -> None:
    """Until it is so for all targets, or time is up: which is judged later, for each target."""
    waiting = list(targets)
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        waiting = [target for target in waiting if not await so(target)]
        await asyncio.sleep(_LOOK)


def changes_of(events: Sequence[Event], job: JobId) -> list[tuple[EventKind, JobStatus | None, int | None]]:
    """What was told of a job's status, in order."""
    return [(event.kind, event.new, event.attempt) for event in events if event.job == job]
