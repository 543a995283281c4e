"""The rounds in which all live jobs of a target are asked about, batch by batch."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from math import inf
from random import Random

from ganga.core.pacing import Pacer
from ganga.model.clock import Monotonic, Utc
from ganga.model.ids import NativeId
from ganga.model.policy import Pace, Width


class Sweeper:
    """The live jobs, which of them to ask about now, and since when all that is known of them is true.

    A round asks about each job once, those first that were asked longest ago; rounds are paced, the batches of one
    follow each other. Jobs that somebody asks to refresh go first and do not wait for the round, only for the back-off.
    A batch that fails is asked again, in smaller ones.
    """

    __slots__ = (
        "_begun_at",
        "_changes",
        "_live",
        "_pacer",
        "_refresh_at",
        "_round",
        "_size",
        "_under_way",
        "_urgent",
        "_width",
        "arrived",
    )

    #: Seconds between two questions that somebody asked for, however often they are asked for.
    REFRESH_PAUSE = 1.0

    def __init__(self, pace: Pace, width: Width, random: Random) -> None:
        self._pacer = Pacer(pace, random)
        self._width = width
        self._size = width.batch
        # Each live job with the round in which it was last asked about, longest ago first.
        self._live: OrderedDict[NativeId, int] = OrderedDict()
        self._round = 0
        self._begun_at: Utc | None = None
        self._changes = 0
        self._under_way = 0
        self._urgent: OrderedDict[NativeId, None] = OrderedDict()
        self._refresh_at = Monotonic(-inf)
        #: How many jobs have begun to be live here, ever.
        self.arrived = 0

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, native_id: NativeId) -> bool:
        return native_id in self._live

    @property
    def interval(self) -> float:
        """Seconds from one round to the next while all is well."""
        return self._pacer.interval

    def add(self, native_id: NativeId) -> None:
        """The job is to be asked about from the next round on; nothing happens if it is followed already."""
        if native_id not in self._live:
            self.arrived += 1
            self._live[native_id] = self._round

    def doubt(self, native_ids: Iterable[NativeId]) -> None:
        """What is known of these may be old: those that are live are asked about in the present round."""
        for native_id in native_ids:
            if native_id in self._live:
                self._live[native_id] = self._round - 1
                self._live.move_to_end(native_id, last=False)

    def welcome(self, native_ids: AbstractSet[NativeId]) -> None:
        """These are live and new here, and what is known of them may be old: they are asked about in the
        present round.
        """
        all_waiting = not self._live or self._live[next(reversed(self._live))] < self._round
        before = len(self._live)
        self._live.update(dict.fromkeys(native_ids, self._round - 1))
        self.arrived += len(self._live) - before
        if not all_waiting:
            self.doubt(native_ids)

    def discard(self, native_id: NativeId) -> None:
        """The job is no longer to be asked about."""
        self._live.pop(native_id, None)

    def refresh(self, ids: Iterable[NativeId]) -> None:
        """Ask about these as soon as possible."""
        self._urgent.update(dict.fromkeys(ids))

    def hurry(self, now: Monotonic) -> None:
        """There are new jobs to ask about."""
        self._pacer.hurry(now)

    def take(self, now: Monotonic, at: Utc) -> list[tuple[NativeId, ...]]:
        """The batches to ask now; each is given back by `answered` or by `failed`."""
        batches: list[tuple[NativeId, ...]] = []
        while self._under_way < self._width.parallel and self._pacer.retry_at <= now:
            if self._live and self._pacer.next_at <= now and not self._sweeping:
                self._begin(now, at)
            batch = self._refreshed(now) or self._swept()
            if not batch:
                break
            self._under_way += 1
            batches.append(batch)
        return batches

    def answered(self, now: Monotonic, changes: int) -> Utc | None:
        """A batch was answered, with so many changes. At the end of a round, the time since which all is confirmed."""
        self._under_way -= 1
        self._changes += changes
        self._size = min(self._size * 2, self._width.batch)
        self._pacer.succeeded()
        if self._begun_at is None or self._sweeping:
            return None
        confirmed_at, self._begun_at = self._begun_at, None
        self._pacer.answered(now, self._changes)
        return confirmed_at

    def failed(self, batch: Collection[NativeId], now: Monotonic) -> None:
        """A batch was not answered: it is asked again after a while, and the round goes on from there."""
        self._under_way -= 1
        self._size = max(self._size // 2, 1)
        self._pacer.failed(now)
        self.doubt(batch)
        if self._begun_at is None:
            self._pacer.hurry(now)

    def next_wakeup(self) -> Monotonic | None:
        """When `take` may have something to ask."""
        if self._under_way >= self._width.parallel:
            return None
        wakeups = [max(self._refresh_at, self._pacer.retry_at)] if self._urgent else []
        if self._sweeping and self._unasked:
            wakeups.append(self._pacer.retry_at)
        elif self._live and not self._sweeping:
            wakeups.append(self._pacer.next_at)
        return min(wakeups, default=None)

    @property
    def _unasked(self) -> bool:
        return next(iter(self._live.values()), self._round) < self._round

    @property
    def _sweeping(self) -> bool:
        """Whether a round is under way: what is left of it may also have vanished."""
        return self._begun_at is not None and (self._under_way > 0 or self._unasked)

    def _refreshed(self, now: Monotonic) -> tuple[NativeId, ...]:
        if not self._urgent or self._refresh_at > now:
            return ()
        self._refresh_at = Monotonic(now + self.REFRESH_PAUSE)
        batch = [self._urgent.popitem(last=False)[0] for _ in range(min(self._size, len(self._urgent)))]
        for native_id in batch:
            self._asked(native_id)
        return tuple(batch)

    def _swept(self) -> tuple[NativeId, ...]:
        batch: list[NativeId] = []
        while self._begun_at is not None and self._unasked and len(batch) < self._size:
            batch.append(next(iter(self._live)))
            self._asked(batch[-1])
        return tuple(batch)

    def _asked(self, native_id: NativeId) -> None:
        if native_id in self._live:
            self._live[native_id] = self._round
            self._live.move_to_end(native_id)

    def _begin(self, now: Monotonic, at: Utc) -> None:
        self._round += 1
        self._begun_at, self._changes = at, 0
        self._pacer.asked(now)
