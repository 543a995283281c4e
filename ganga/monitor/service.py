"""Looks after all targets whose leases it can get; any number of processes may run one on the same store."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Self

from ganga.backends.base import Backend
from ganga.errors import BackendUnavailable, LeaseLost, NotTrusted, StoreUnavailable, UnknownJob, UnknownTarget
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from ganga.monitor.clock import Clock, system_clock
from ganga.monitor.connection import CLOSING_TIME, Connection, Target
from ganga.monitor.hanging import leave
from ganga.monitor.instruments import SILENT, Observer
from ganga.monitor.leases import Leases, is_gone
from ganga.monitor.monitor import Monitor, first_of
from ganga.monitor.process import describe, this_process
from ganga.monitor.purse import Purse
from ganga.monitor.retriever import Retriever
from ganga.monitor.subject import works_for
from ganga.monitor.watchdog import Watchdog
from ganga.store.base import Query, Store
from ganga.store.changes import Changes
from ganga.store.ends import is_over
from ganga.workspace import Workspace

#: Seconds after which a target is tried again whose monitor has failed.
RESTART_AFTER = 2.0
#: Seconds between two looks at whether a request was carried out, if nobody says so before.
PATIENCE = 1.0

#: Seconds after which the same trouble is worth another word.
SAID_AGAIN = 60.0

_log = logging.getLogger(__name__)


class Service:
    """The monitors of one process. Used as an async context manager; each target stands and falls alone.

    Unless it is `watched`, somebody else measures how long the event loop is held.
    """

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
        observer: Observer = SILENT,
        watched: bool = True,
    ) -> None:
        self.targets = targets
        self._store = store
        self._workspace = workspace
        self._monitoring = monitoring
        self._watched = watched
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - spreads retries, guards no secret
        self._observer = observer
        self._leases = Leases(store, clock, seconds=lease_seconds, observer=observer)
        self._connections = {name: Connection(target, observer) for name, target in targets.items()}
        #: What may still be asked of each target.
        self.purses = {
            name: Purse(name, target.policy.allowance, store, clock, self._random, observer)
            for name, target in targets.items()
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        #: The targets whose leases this process holds.
        self.leading: set[TargetName] = set()
        self.watchdog = Watchdog(observer=observer)

    async def __aenter__(self) -> Self:
        if self._monitoring:
            if self._watched:
                await self._stack.enter_async_context(self.watchdog)
            for name in self.targets:
                self._tasks.add(asyncio.create_task(self._look_after(name), name=f"{name}: monitor"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """First the monitors stop and give back their leases, then the connections are closed, all at once."""
        await leave(self._tasks, CLOSING_TIME)
        await self._stack.aclose()
        await asyncio.gather(*(connection.aclose() for connection in self._connections.values()))

    async def backend(self, name: TargetName) -> Backend:
        """The back end of a target, connected. Raises `BackendUnavailable` and `UnknownTarget`."""
        return await self._connection(name).backend()

    async def fetch(self, record: JobRecord) -> None:
        """Try again to bring home the output of a job that has ended. Raises `BackendUnavailable`."""
        if record.native_id is None:
            return
        found = await self._store.specifications([record.id])
        if record.id not in found:
            raise UnknownJob(f"there is no job {record.id}; it was removed meanwhile")
        backend = await self._connection(record.target).border()
        jobs = {record.native_id: (record, found[record.id][0])}
        seconds = self.targets[record.target].policy.finish_within
        try:
            async with self.purses[record.target].call(seconds, urgent=False), asyncio.timeout(seconds):
                homecoming = await Retriever(self._workspace, epoch=0).bring_home(backend, jobs)
        except TimeoutError as error:
            raise BackendUnavailable(f"{record.target} did not answer within {seconds:g} seconds") from error
        if record.id in homecoming.errors:
            reason = homecoming.errors[record.id]
            raise BackendUnavailable(f"the output of job {record.id} cannot be had from {record.target}: {reason}")

    def _connection(self, name: TargetName) -> Connection:
        if name not in self._connections:
            raise UnknownTarget(f"target {name} is no longer in the settings; known targets: {', '.join(self.targets)}")
        return self._connections[name]

    async def settle(self, jobs: Iterable[JobId]) -> None:
        """Wait until what was asked for these jobs is carried out, as far as it is up to this process.

        A target that another living process looks after is not waited for, nor is one that nobody here looks after.
        """
        changes = Changes(self._store, await self._store.last_seq())
        waiting = changed = set(jobs)
        while True:
            waiting -= {job for job in changed if not await self._unsettled(job)}
            if not waiting:
                return
            news = await changes.wait(PATIENCE)
            # Who looks after a target may change without an event.
            changed = waiting & news if news else waiting

    async def _unsettled(self, job: JobId) -> bool:
        record = (await self._store.get([job]))[0]
        if record.target not in self.targets or not await self._ours(record.target):
            return False
        if record.wanted_attempt > record.attempt and record.subjobs is None:
            return True
        asked_to_die = record.kill_requested_by is not None and not record.status.final
        if record.subjobs is None or asked_to_die:
            return asked_to_die or record.status is JobStatus.SUBMITTING
        if record.status.final:
            return not await is_over(self._store, record)
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
        works_for(name)
        told, told_at = "", 0.0
        while True:
            try:
                await self._lead(name)
            except* (LeaseLost, NotTrusted, StoreUnavailable) as group:
                reason = str(first_of(group))
                now = self._clock().monotonic
                if reason != told or now - told_at >= SAID_AGAIN:
                    _log.warning("%s: %s", name, reason)
                    told, told_at = reason, now
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
                    self.purses[name],
                    self._store,
                    self._workspace,
                    lease,
                    self._clock,
                    self._random,
                    self._observer,
                )
                await monitor.run()
            finally:
                self.leading.discard(name)
