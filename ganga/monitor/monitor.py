"""The loop that follows the jobs of one target: it obeys the tracker, stores what follows, and only then lets it be read."""

import asyncio
import logging
from random import Random

from ganga.backends.pool import ThreadPool
from ganga.core.orders import Failed, Finish, Order, Result, Submit
from ganga.core.target import TargetTracker
from ganga.errors import GangaError, StoreUnavailable
from ganga.model.job import TargetState
from ganga.monitor.carrier import Carrier
from ganga.monitor.clock import Clock
from ganga.monitor.connection import Connection, Target
from ganga.monitor.finisher import Finisher
from ganga.monitor.inbox import Inbox, portions
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
        store: Store,
        workspace: Workspace,
        lease: Lease,
        clock: Clock,
        random: Random,
    ) -> None:
        self.target = target
        self._connection = connection
        self._store = store
        self._workspace = workspace
        self._lease = lease
        self._clock = clock
        self._random = random
        self._pool = ThreadPool(f"{target.name} finishing", timeout=target.policy.finish_within)
        #: Orders that outlived their time-out and do not even heed cancellation.
        self.abandoned: set[asyncio.Task[Result]] = set()

    async def run(self) -> None:
        """Follow until cancelled. Raises `LeaseLost` when another process has taken over."""
        try:
            while True:
                await self._follow_until_a_save_fails()
        finally:
            self._pool.close()

    async def _follow_until_a_save_fails(self) -> None:
        try:
            await self._follow()
        except* StoreUnavailable as group:
            _log.warning("%s: %s; going on from what is stored", self.target.name, _first(group))
            await asyncio.sleep(RELOAD_AFTER)

    async def _follow(self) -> None:
        """Follow from what is stored, until a save fails: the tracker is then ahead of the store and is thrown away."""
        states = await self._store.target_states()
        policy, state = self.target.policy, states.get(self.target.name, TargetState(name=self.target.name))
        tracker = TargetTracker(self.target.name, policy, self._random, state=state)
        inbox = Inbox()
        finisher = Finisher(self._workspace, self._lease.epoch, self._pool)
        carrier = Carrier(self._connection, self._store, self._workspace, finisher, tracker.record)
        requests = Requests(self.target.name, self._store, inbox)
        seq = await self._store.last_seq()
        async for known in requests.stored():
            await self._digest([known], tracker)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(requests.follow(seq))
            while True:
                for order in tracker.due(self._clock()):
                    tasks.create_task(self._ask(order, carrier, inbox))
                await self._digest(await inbox.take(self._until(tracker)), tracker)

    def _until(self, tracker: TargetTracker) -> float | None:
        wakeup = tracker.next_wakeup()
        return None if wakeup is None else max(0.0, wakeup - self._clock().monotonic)

    async def _digest(self, results: list[Result], tracker: TargetTracker) -> None:
        for portion in portions(results):
            update = tracker.receive(portion, self._clock())
            if update:
                await self._store.save(update, self._lease)
            await asyncio.sleep(0)

    async def _ask(self, order: Order, carrier: Carrier, inbox: Inbox) -> None:
        """Carry out one order; whatever happens, one result goes into the inbox."""
        task = asyncio.create_task(carrier.carry_out(order), name=f"{self.target.name}: {type(order).__name__}")
        try:
            inbox.put(await self._outcome(order, task))
        finally:
            if not task.done():
                task.cancel()
                self.abandoned.add(task)
                task.add_done_callback(self.abandoned.discard)

    async def _outcome(self, order: Order, task: asyncio.Task[Result]) -> Result:
        seconds = self._seconds(order)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            return Failed(order, f"no answer within {seconds:g} seconds")
        try:
            return task.result()
        except StoreUnavailable as error:
            _log.warning("%s: %s", self.target.name, error)
            return Failed(order, str(error), ours=True)
        except GangaError as error:
            return Failed(order, str(error))
        except asyncio.CancelledError:
            return Failed(order, "the back end cancelled its own call")
        except Exception as error:  # noqa: BLE001 - a bug in a back end costs one question, and stops nothing else
            _log.exception("%s: a bug in the back end %s", self.target.name, self.target.backend)
            return Failed(order, f"a bug in the back end: {type(error).__name__}: {error}")

    def _seconds(self, order: Order) -> float:
        policy = self.target.policy
        match order:
            case Submit():
                return policy.submit_within
            case Finish():
                return policy.finish_within
            case _:
                return policy.answer_within


def _first(group: BaseExceptionGroup[StoreUnavailable]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
