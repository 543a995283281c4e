"""Work of one kind for one target, waiting to be done in batches: submissions, kills, retrievals."""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random
from typing import Generic, TypeVar

from ganga.core.pacing import Backoff
from ganga.model.clock import Monotonic
from ganga.model.policy import Width

Item = TypeVar("Item", bound=Hashable)


class Lane(Generic[Item]):
    """Items in order of arrival; each is waiting, postponed or under way, and in the lane once at most.

    No step costs more than the batches it handles, however long the lane is. A batch that fails halves the size of
    those after it, and one that works doubles it again: one bad item, or a batch too large, does not stop the rest.
    """

    __slots__ = (
        "_appointments",
        "_backoff",
        "_batches",
        "_discarded",
        "_numbers",
        "_postponed",
        "_random",
        "_size",
        "_tries",
        "_under_way",
        "_waiting",
        "_width",
    )

    def __init__(self, width: Width, random: Random) -> None:
        self._width = width
        self._size = width.batch
        self._random = random
        self._backoff = Backoff(width.retry, random)
        self._waiting: OrderedDict[Item, None] = OrderedDict()
        self._postponed: dict[Item, Monotonic] = {}
        # The same as a heap; an entry that `_postponed` does not confirm has been overtaken.
        self._appointments: list[tuple[Monotonic, int, Item]] = []
        self._numbers = count()
        self._tries: dict[Item, Backoff] = {}
        self._under_way: set[Item] = set()
        self._discarded: set[Item] = set()
        self._batches = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._postponed) + len(self._under_way)

    def __contains__(self, item: Item) -> bool:
        return item in self._waiting or item in self._postponed or item in self._under_way

    def under_way(self, item: Item) -> bool:
        """Whether a batch with the item is out."""
        return item in self._under_way

    def add(self, item: Item) -> None:
        """The item is to be done; nothing happens if it is in the lane already."""
        if item not in self:
            self._waiting[item] = None

    def postpone(self, item: Item, until: Monotonic) -> None:
        """The item is to be done, but not before `until`; nothing happens while it is under way."""
        if item in self._under_way:
            return
        self._waiting.pop(item, None)
        self._postponed[item] = until
        heappush(self._appointments, (until, next(self._numbers), item))

    def discard(self, item: Item) -> None:
        """The item need not be done. A batch with it that is out stays out, but what comes of the item no longer
        counts.
        """
        if not (self._waiting or self._tries or self._postponed or self._under_way):
            return
        self._waiting.pop(item, None)
        self._postponed.pop(item, None)
        self._tries.pop(item, None)
        if item in self._under_way:
            self._discarded.add(item)

    def take(self, now: Monotonic) -> list[tuple[Item, ...]]:
        """The batches to be sent out now; each is given back by `done` or by `failed`."""
        batches: list[tuple[Item, ...]] = []
        while self._batches < self._width.parallel and self._backoff.next_at <= now:
            batch = self._batch(now)
            if not batch:
                break
            self._batches += 1
            batches.append(batch)
        return batches

    def done(self, batch: Collection[Item]) -> frozenset[Item]:
        """The batch is back: those of it whose result counts. What is still to be done is added anew by the caller."""
        self._size = min(self._size * 2, self._width.batch)
        self._backoff.succeeded()
        return self._return(batch)

    def failed(self, batch: Collection[Item], now: Monotonic) -> None:
        """The whole batch failed: the lane backs off. What is still to be done is added anew by the caller."""
        self._size = max(self._size // 2, 1)
        self._backoff.failed(now)
        self._return(batch)

    def retry(self, item: Item, now: Monotonic) -> int:
        """This one item of a batch failed: it is postponed, longer each time. Returns how often that was so far."""
        tries = self._tries.setdefault(item, Backoff(self._width.retry, self._random))
        tries.failed(now)
        self.postpone(item, tries.next_at)
        return tries.failures

    def come_around(self, item: Item, now: Monotonic) -> None:
        """The item is to be done (again): at once the first time, ever more slowly if it keeps coming around."""
        if item in self._tries:
            self.retry(item, now)
        else:
            self._tries[item] = Backoff(self._width.retry, self._random)
            self.add(item)

    def next_wakeup(self) -> Monotonic | None:
        """When `take` may have something; None if nothing will be due without something else happening first."""
        if self._batches >= self._width.parallel:
            return None
        first = Monotonic(-inf) if self._waiting else self._next_appointment()
        return None if first is None else max(first, self._backoff.next_at)

    def _batch(self, now: Monotonic) -> tuple[Item, ...]:
        batch: list[Item] = []
        while len(batch) < self._size:
            if self._waiting:
                batch.append(self._waiting.popitem(last=False)[0])
                continue
            due = self._next_appointment()
            if due is None or due > now:
                break
            batch.append(heappop(self._appointments)[2])
            del self._postponed[batch[-1]]
        self._under_way.update(batch)
        return tuple(batch)

    def _next_appointment(self) -> Monotonic | None:
        while self._appointments:
            until, _, item = self._appointments[0]
            if self._postponed.get(item) == until:
                return until
            heappop(self._appointments)
        return None

    def _return(self, batch: Collection[Item]) -> frozenset[Item]:
        returned = self._under_way.intersection(batch)
        if returned:
            self._batches -= 1
        self._under_way -= returned
        counts = frozenset(returned - self._discarded)
        self._discarded -= returned
        return counts
