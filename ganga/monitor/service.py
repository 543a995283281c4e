"""Looks after all targets whose leases it can get; any number of processes may run one on the same store."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Self

from ganga.backends.base import Backend, Strained
from ganga.backends.pool import ThreadPool
from ganga.errors import BackendUnavailable, LeaseLost, StoreUnavailable, UnknownTarget
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from ganga.monitor.clock import Clock, system_clock
from ganga.monitor.connection import CLOSING_TIME, Connection, Target
from ganga.monitor.finisher import Ended, Finisher
from ganga.monitor.leases import Leases, is_gone
from ganga.monitor.monitor import Monitor
from ganga.monitor.process import describe, this_process
from ganga.monitor.watchdog import Watchdog
from ganga.store.base import Query, Store
from ganga.workspace import Workspace

#: Seconds after which a target is tried again whose monitor has failed.
RESTART_AFTER = 2.0
#: Seconds between two looks at whether a request was carried out, if nobody says so before.
PATIENCE = 1.0

_log = logging.getLogger(__name__)


class Service:
    """The monitors of one process. Used as an async context manager; each target stands and falls alone."""

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        targets: Mapping[TargetName, Target],
        *,
        monitoring: bool = True,
        lease_seconds: float = 5.0,
        clock: Clock = system_clock,
        random: Random | None = None,
    ) -> None:
        self.targets = targets
        self._store = store
        self._workspace = workspace
        self._monitoring = monitoring
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - spreads retries, guards no secret
        self._leases = Leases(store, clock, seconds=lease_seconds)
        self._connections: dict[TargetName, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        #: The targets whose leases this process holds.
        self.leading: set[TargetName] = set()
        self.watchdog = Watchdog()

    async def __aenter__(self) -> Self:
        for name, target in self.targets.items():
            self._connections[name] = await self._stack.enter_async_context(Connection(target))
        if self._monitoring:
            await self._stack.enter_async_context(self.watchdog)
            for name in self.targets:
                self._tasks.add(asyncio.create_task(self._look_after(name), name=f"{name}: monitor"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=CLOSING_TIME)
            for task in pending:
                _log.error("%s does not stop; it is left behind", task.get_name())
        await self._stack.aclose()

    async def backend(self, name: TargetName) -> Backend:
        """The back end of a target, connected. Raises `BackendUnavailable` and `UnknownTarget`."""
        if name not in self._connections:
            raise UnknownTarget(f"target {name} is no longer in the settings; known targets: {', '.join(self.targets)}")
        return await self._connections[name].backend()

    async def fetch(self, record: JobRecord) -> None:
        """Try again to bring home the output of a job that has ended. Raises `BackendUnavailable`."""
        backend = await self.backend(record.target)
        spec, _ = (await self._store.specifications([record.id]))[record.id]
        pool = ThreadPool(f"{record.target} finishing")
        error = await Finisher(self._workspace, epoch=0, pool=pool).fetch(backend, Ended(record, spec))
        if error is not None:
            raise BackendUnavailable(f"the output of job {record.id} cannot be had from {record.target}: {error}")

    async def settle(self, jobs: Iterable[JobId]) -> None:
        """Wait until what was asked for these jobs is carried out, as far as it is up to this process.

        A target that another living process looks after is not waited for, nor is one that nobody here looks after.
        """
        waiting = list(jobs)
        while True:
            seq = await self._store.last_seq()
            waiting = [job for job in waiting if await self._unsettled(job)]
            if not waiting:
                return
            await self._store.wait(seq, PATIENCE)

    def stuck_threads(self, name: TargetName) -> int:
        """Threads of a target's back end that outlived their time-out and are still hanging."""
        backend: object = self._connections[name].opened
        return backend.stuck_threads if isinstance(backend, Strained) else 0

    async def _unsettled(self, job: JobId) -> bool:
        record = (await self._store.get([job]))[0]
        if record.target not in self.targets or not await self._ours(record.target):
            return False
        if record.wanted_attempt > record.attempt and record.subjobs is None:
            return True
        asked_to_die = record.kill_requested_by is not None and not record.status.final
        if record.subjobs is None or asked_to_die:
            return asked_to_die or record.status is JobStatus.SUBMITTING
        waiting = Query(statuses=frozenset({JobStatus.SUBMITTING}), parent=job, subjobs=True)
        return bool(await self._store.count(waiting))

    async def _ours(self, target: TargetName) -> bool:
        """Whether this process looks after the target, or will as soon as its last holder's lease has run out."""
        if not self._monitoring:
            return False
        if target in self.leading:
            return True
        holder = await self._store.holder(target)
        return holder is None or is_gone(holder) or holder.owner == describe(this_process())

    async def _look_after(self, name: TargetName) -> None:
        """Follow the jobs of one target whenever its lease can be had. Nothing that goes wrong here ends it."""
        while True:
            try:
                await self._lead(name)
            except* LeaseLost as group:
                _log.warning("%s: %s", name, group.exceptions[0])
            except* StoreUnavailable as group:
                _log.warning("%s: %s", name, group.exceptions[0])
            except* Exception:  # noqa: BLE001 - a bug in one monitor does not stop the others
                _log.exception("%s: its monitor failed and starts again", name)
            await asyncio.sleep(RESTART_AFTER)

    async def _lead(self, name: TargetName) -> None:
        async with self._leases.held(name) as lease:
            self.leading.add(name)
            try:
                monitor = Monitor(
                    self.targets[name],
                    self._connections[name],
                    self._store,
                    self._workspace,
                    lease,
                    self._clock,
                    self._random,
                )
                await monitor.run()
            finally:
                self.leading.discard(name)
