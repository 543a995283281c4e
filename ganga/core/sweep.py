"""The rounds in which all live jobs of a target are asked about, batch by batch."""

from collections import deque
from collections.abc import Collection, Iterable
from random import Random

from ganga.core.pacing import Pacer
from ganga.model.clock import Monotonic, Utc
from ganga.model.ids import NativeId
from ganga.model.policy import Pace, Width


class Sweeper:
    """What to ask in the present round, when the next one begins, and since when all is known to be true.

    Jobs that somebody asks to refresh go first and do not wait for the round. A batch that fails is asked again.
    """

    __slots__ = ("_begun_at", "_changes", "_pacer", "_round", "_under_way", "_urgent", "_width")

    def __init__(self, pace: Pace, width: Width, random: Random) -> None:
        self._pacer = Pacer(pace, random)
        self._width = width
        self._round: deque[NativeId] = deque()
        self._urgent: dict[NativeId, None] = {}
        self._under_way = 0
        self._begun_at: Utc | None = None
        self._changes = 0

    @property
    def interval(self) -> float:
        """Seconds from one round to the next while all is well."""
        return self._pacer.interval

    def refresh(self, ids: Iterable[NativeId]) -> None:
        """Ask about these as soon as possible."""
        self._urgent.update(dict.fromkeys(ids))

    def hurry(self, now: Monotonic) -> None:
        """There are new jobs to ask about."""
        self._pacer.hurry(now)

    def take(self, live: Collection[NativeId], now: Monotonic, at: Utc) -> list[tuple[NativeId, ...]]:
        """The batches to ask now. `live` are the jobs that a round is about."""
        batches = []
        while self._urgent and self._under_way < self._width.parallel:
            batches.append(self._batch(deque(self._urgent), self._urgent.keys()))
            for native_id in batches[-1]:
                del self._urgent[native_id]
        if self._pacer.next_at > now:
            return batches
        if not self._round and self._begun_at is None and live:
            self._round.extend(live)
            self._begun_at, self._changes = at, 0
            self._pacer.asked(now)
        while self._round and self._under_way < self._width.parallel:
            batch = self._batch(self._round, live)
            if batch:
                batches.append(batch)
        if not self._round and not self._under_way:
            self._begun_at = None
        return batches

    def answered(self, now: Monotonic, changes: int) -> Utc | None:
        """A batch was answered, with so many changes. At the end of a round, the time since which all is confirmed."""
        self._under_way -= 1
        self._changes += changes
        if self._round or self._under_way or self._begun_at is None:
            return None
        confirmed_at, self._begun_at = self._begun_at, None
        self._pacer.answered(now, self._changes)
        return confirmed_at

    def failed(self, batch: Iterable[NativeId], now: Monotonic) -> None:
        """A batch was not answered: it is asked again after a while, and the round goes on from there."""
        self._under_way -= 1
        self._round.extendleft(batch)
        self._pacer.failed(now)

    def next_wakeup(self, live: Collection[NativeId]) -> Monotonic | None:
        """When `take` may have something to ask."""
        if self._under_way >= self._width.parallel:
            return None
        if self._urgent:
            return Monotonic(float("-inf"))
        if self._round or (live and self._begun_at is None):
            return self._pacer.next_at
        return None

    def _batch(self, queue: deque[NativeId], live: Collection[NativeId]) -> tuple[NativeId, ...]:
        batch: list[NativeId] = []
        while queue and len(batch) < self._width.batch:
            native_id = queue.popleft()
            if native_id in live:
                batch.append(native_id)
        if batch:
            self._under_way += 1
        return tuple(batch)
