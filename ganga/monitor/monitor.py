"""The loop that follows the jobs of one target: it obeys the tracker, stores what follows, and only then lets it be
read.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from random import Random

from ganga.backends.pool import ThreadPool
from ganga.core.orders import Presented, Recalled, Result, Strain
from ganga.core.tracker import Tracker
from ganga.errors import EventsForgotten, StoreUnavailable
from ganga.model.event import EventKind
from ganga.model.ids import Seq
from ganga.monitor.carrier import Carrier
from ganga.monitor.clock import Clock
from ganga.monitor.connection import Connection, Target
from ganga.monitor.errands import Errands
from ganga.monitor.finisher import Finisher
from ganga.monitor.inbox import Inbox, portions
from ganga.monitor.instruments import SILENT, Observer, Save, Standing
from ganga.monitor.purse import Purse
from ganga.monitor.recalling import recalled
from ganga.monitor.requests import Requests
from ganga.store.base import Lease, Store
from ganga.workspace import Workspace

#: Seconds to wait after a save that failed, before the store is read again.
RELOAD_AFTER = 1.0

_log = logging.getLogger(__name__)


class Monitor:
    """Follows the jobs of one target for as long as its lease lasts."""

    def __init__(
        self,
        target: Target,
        connection: Connection,
        purse: Purse,
        store: Store,
        workspace: Workspace,
        lease: Lease,
        clock: Clock,
        random: Random,
        observer: Observer = SILENT,
    ) -> None:
        self.target = target
        self._connection = connection
        self._purse = purse
        self._store = store
        self._workspace = workspace
        self._lease = lease
        self._clock = clock
        self._random = random
        self._observer = observer
        policy = target.policy
        self._pool = ThreadPool(
            f"{target.name} finishing", threads=policy.postprocess.parallel, timeout=policy.plugin_within
        )
        # One thing is digested at a time: what is read from the store must be handed over before anything else is
        # saved.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Follow until cancelled. Raises `LeaseLost` when another process has taken over."""
        try:
            while True:
                try:
                    await self._follow()
                except* (StoreUnavailable, EventsForgotten) as group:
                    _log.warning("%s: %s; going on from what is stored", self.target.name, first_of(group))
                await asyncio.sleep(RELOAD_AFTER)
        finally:
            self._pool.close()

    async def _follow(self) -> None:
        """Follow from what is stored, until a save fails: the tracker is then ahead of the store and is thrown away."""
        states = await self._store.target_states()
        state = states.get(self.target.name)
        tracker = Tracker(self.target.name, self.target.policy, self._random, state=state)
        requests = Requests(self.target.name, self._store)
        seq = await self._store.last_seq()
        async for known in requests.stored():
            await self._digest([known], tracker)
        inbox = Inbox()
        finisher = Finisher(self._workspace, self._lease.epoch, self._pool)
        carrier = Carrier(self._connection, self._store, self._workspace, self._lease, finisher, tracker.record)
        errands = Errands(self.target, carrier.carry_out, inbox, self._connection.hanging, self._purse, self._observer)
        async with errands, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._heed(requests, seq, tracker, inbox), name=f"{self.target.name}: requests")
            while True:
                for order in tracker.due(self._clock()):
                    errands.begin(order)
                results = await inbox.take(self._until(tracker))
                async with self._turn:
                    await self._digest([*results, *self._condition(tracker)], tracker)

    async def _heed(self, requests: Requests, seq: Seq, tracker: Tracker, inbox: Inbox) -> None:
        async with aclosing(requests.behind(seq)) as events:
            async for event in events:
                async with self._turn:
                    async for fresh in requests.about(event):
                        await self._digest([fresh], tracker)
                inbox.wake()

    async def _digest(self, results: Iterable[Result], tracker: Tracker) -> None:
        for portion in portions(results):
            update = tracker.receive([*await self._recalled(portion, tracker), *portion], self._clock())
            if update:
                with self._observer.during(Save(self.target.name, len(update.records), len(update.events))):
                    await self._store.save(update, self._lease)
            self._observer.tell(Standing(tracker.state, tracker.jobs))
            for event in update.events:
                if event.kind is EventKind.CREDENTIALS_EXPIRING:
                    _log.warning("%s: %s", self.target.name, event.reason)
            await asyncio.sleep(0)

    async def _recalled(self, portion: Sequence[Result], tracker: Tracker) -> list[Recalled]:
        """What the store knows of jobs that are not followed and of which the portion speaks."""
        recall = tracker.recall(portion)
        return [] if recall is None else [await recalled(recall, self._store)]

    def _until(self, tracker: Tracker) -> float | None:
        wakeup = tracker.next_wakeup()
        return None if wakeup is None else max(0.0, wakeup - self._clock().monotonic)

    def _condition(self, tracker: Tracker) -> list[Result]:
        """What is new about the connection itself."""
        stuck, identity = self._connection.stuck + self._pool.stuck_threads, self._connection.identity
        news: list[Result] = []
        if stuck != tracker.state.stuck_threads:
            news.append(Strain(self.target.name, stuck))
        if identity is not None and identity != tracker.state.identity:
            news.append(Presented(self.target.name, identity))
        return news


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception in a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
