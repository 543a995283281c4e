"""What one target's monitor may still ask of its service: a part of the budget in the store, which others share.

Tokens are fetched in small portions, so that a busy monitor does not write to the store for each call; what is not used
soon is lost. A budget that holds from the first complaint on only costs nothing until there is one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import inf
from random import Random

from msgspec.structs import replace

from ganga.core.budget import Complaint, Grant, aged, believed, cut, full, is_whole, noted, spent
from ganga.errors import BackendUnavailable, Overloaded
from ganga.model.budget import Budget, own_budget
from ganga.model.ids import TargetName
from ganga.model.policy import Allowance
from ganga.monitor.clock import Clock
from ganga.monitor.instruments import SILENT, Allowed, Observer
from ganga.store.base import Store

#: Seconds for which a portion may be used.
LASTING = 5.0
#: Seconds between two looks at whether a call of another process had a budget cut that does not hold yet here.
LOOK = 60.0
#: So many urgent calls may overtake a poll that waits.
OVERTAKING = 3
#: Those who wait for the same token wait longer by up to this part, so that it is not always the same one who gets it.
SPREAD = 0.2

_log = logging.getLogger(__name__)


class Purse:
    """For one target. `open` it before anything is taken from it."""

    def __init__(
        self,
        target: TargetName,
        allowance: Allowance,
        store: Store,
        clock: Clock,
        random: Random,
        observer: Observer = SILENT,
    ) -> None:
        self._target = target
        self._allowance = allowance
        self._store = store
        self._clock = clock
        self._random = random
        self._observer = observer
        #: The name of the budget in the store.
        self.budget = allowance.budget or own_budget(target)
        # What was used so far of a budget that does not hold yet, by our own clock; None while it holds.
        self._loose: Budget | None = None
        self._look_at = -inf
        self._calls = 0
        self._portion = 1
        self._until = -inf
        # Whoever waits for tokens for urgent calls does not stand behind the others.
        self._turns = {urgent: asyncio.Lock() for urgent in (False, True)}
        # The first of those others.
        self._poll: _Poll | None = None

    def __repr__(self) -> str:
        return f"<Purse of {self._target}: {self._calls} calls of {self.budget}>"

    async def open(self) -> None:
        """See how the budget stands. Raises `StoreUnavailable`."""
        self._look_at = _now() + LOOK
        stored = (await self._store.budgets([self.budget])).get(self.budget)
        self._hold(held=stored is not None and not is_whole(stored, self._allowance))

    async def take(self, *, urgent: bool) -> None:
        """Wait until one call may be made; what people ask for is urgent. Raises `StoreUnavailable`."""
        async with self._turns[urgent]:
            if self._loose is not None and _now() >= self._look_at:
                await self.open()
            await (self._take_first() if urgent else self._take_behind())

    async def complain(self, reason: str, *, took: float, retry_after: float | None = None) -> None:
        """The service has complained of a call that took so many seconds. Raises `StoreUnavailable`."""
        complaint = Complaint(self._clock().utc, reason, took, retry_after)
        used = self._loose

        def change(budget: Budget | None, at: float) -> tuple[Budget, tuple[float, Budget]]:
            before = believed(budget, self._allowance, at)
            if used is not None:
                before = replace(aged(before, self._allowance, at), use=used.use)
            after = cut(before, self._allowance, at, complaint)
            return after, (before.rate, after)

        before, after = await self._store.change_budget(self.budget, change)
        self._loose, self._calls = None, 0
        self._tell(after)
        if after.rate < before:
            told = f"{before * 60:.3g} to {after.rate * 60:.3g} calls a minute"
            # At the limit of a service it is cut every other minute: only the first time is news.
            level = logging.WARNING if before >= self._allowance.ceiling else logging.INFO
            _log.log(level, "%s: the budget %s is cut from %s: %s", self._target, self.budget, told, reason)

    @asynccontextmanager
    async def call(self, within: float, *, urgent: bool) -> AsyncIterator[None]:
        """For one call that a person waits for, past the monitor.

        Raises `BackendUnavailable` if it may not be made within so many seconds, and `StoreUnavailable`.
        """
        await self.open()
        try:
            async with asyncio.timeout(within):
                await self.take(urgent=urgent)
        except TimeoutError as error:
            raise BackendUnavailable(
                f"{self._target} is not to be asked now: the budget {self.budget} has no call left within {within:g} "
                "seconds; 'ganga targets' says why, try again later"
            ) from error
        begun = _now()
        try:
            yield
        except Overloaded as error:
            took = _now() - begun
            await self.complain(str(error), took=took, retry_after=error.retry_after)
            raise

    async def _take_first(self) -> None:
        """For an urgent call, which stands behind a poll only if that has been overtaken often enough."""
        if self._poll is not None and self._poll.due.is_set():
            await self._poll.gone.wait()
        while not self._pays():
            grant = await self._drawn(urgent=True)
            if not grant.calls:
                await asyncio.sleep(self._spread(grant.wait))
        if self._poll is not None:
            self._poll.overtake()

    async def _take_behind(self) -> None:
        """For a poll: once it has been overtaken often enough it may have of the reserve as well."""
        self._poll = poll = _Poll()
        try:
            while not self._pays():
                grant = await self._drawn(urgent=poll.due.is_set())
                if not grant.calls:
                    await poll.sleep(self._spread(grant.wait))
        finally:
            poll.gone.set()
            self._poll = None

    def _spread(self, seconds: float) -> float:
        return seconds * self._random.uniform(1.0, 1.0 + SPREAD)

    def _pays(self) -> bool:
        now = _now()
        if self._loose is not None:
            self._loose = noted(self._loose, self._allowance, now)
            return True
        if not self._calls or now >= self._until:
            return False
        self._calls -= 1
        return True

    async def _drawn(self, *, urgent: bool) -> Grant:
        """Calls from the store. If the last portion was used up in time, the next one is larger; the reserve is given
        out one by one.
        """
        now = _now()
        in_time = now < self._until
        self._portion = min(2 * self._portion, int(self._allowance.burst)) if in_time else 1
        size = 1 if urgent else self._portion

        def change(budget: Budget | None, at: float) -> tuple[Budget, tuple[Grant, Budget]]:
            after, grant = spent(believed(budget, self._allowance, at), self._allowance, at, size, urgent=urgent)
            return after, (grant, after)

        grant, after = await self._store.change_budget(self.budget, change)
        self._tell(after)
        if grant.calls:
            self._calls = grant.calls + (self._calls if in_time else 0)
            self._until = now + LASTING
            self._hold(held=not is_whole(after, self._allowance))
        return grant

    def _tell(self, budget: Budget) -> None:
        self._observer.tell(Allowed(self._target, min(budget.rate, self._allowance.ceiling), budget.tokens))

    def _hold(self, *, held: bool) -> None:
        if held or self._allowance.strict:
            self._loose = None
        elif self._loose is None:
            self._loose = full(self._allowance, _now())


class _Poll:
    """A call that nobody waits for, while it waits for the budget."""

    def __init__(self) -> None:
        self._overtaken = 0
        #: Whether no other may overtake it.
        self.due = asyncio.Event()
        #: Whether it waits no more.
        self.gone = asyncio.Event()

    def overtake(self) -> None:
        """An urgent call has been made instead."""
        self._overtaken += 1
        if self._overtaken >= OVERTAKING:
            self.due.set()

    async def sleep(self, seconds: float) -> None:
        """No longer than until it is due, for that changes what it may have."""
        if self.due.is_set():
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.due.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
