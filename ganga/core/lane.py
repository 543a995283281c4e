"""Work of one kind for one target, waiting to be done in batches: submissions, kills, retrievals."""

from collections.abc import Hashable, Iterable
from itertools import islice
from math import inf
from random import Random
from typing import Generic, TypeVar

from ganga.core.pacing import Backoff
from ganga.model.clock import Monotonic
from ganga.model.policy import Width

Item = TypeVar("Item", bound=Hashable)


class Lane(Generic[Item]):
    """Items in order of arrival; each is waiting, postponed or under way, and in the lane once at most."""

    __slots__ = ("_backoff", "_batches", "_postponed", "_random", "_tries", "_under_way", "_waiting", "_width")

    def __init__(self, width: Width, random: Random) -> None:
        self._width = width
        self._random = random
        self._backoff = Backoff(width.retry, random)
        self._waiting: dict[Item, None] = {}
        self._postponed: dict[Item, Monotonic] = {}
        self._tries: dict[Item, Backoff] = {}
        self._under_way: set[Item] = set()
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
        """The item is to be done, but not before `until`."""
        self._waiting.pop(item, None)
        if item not in self._under_way:
            self._postponed[item] = until

    def discard(self, item: Item) -> None:
        """The item need not be done; a batch with it that is out stays out."""
        self._waiting.pop(item, None)
        self._postponed.pop(item, None)
        self._tries.pop(item, None)

    def take(self, now: Monotonic) -> list[tuple[Item, ...]]:
        """The batches to be sent out now; each is given back by `done` or by `failed`."""
        for item in [item for item, until in self._postponed.items() if until <= now]:
            del self._postponed[item]
            self._waiting[item] = None
        batches = []
        while self._waiting and self._batches < self._width.parallel and self._backoff.next_at <= now:
            batch = tuple(islice(self._waiting, self._width.batch))
            for item in batch:
                del self._waiting[item]
            self._under_way.update(batch)
            self._batches += 1
            batches.append(batch)
        return batches

    def done(self, batch: Iterable[Item]) -> None:
        """The batch is back. What is still to be done of it is added anew by the caller."""
        self._return(batch)
        self._backoff.succeeded()

    def failed(self, batch: Iterable[Item], now: Monotonic) -> None:
        """The whole batch failed: the lane backs off."""
        self._return(batch)
        self._backoff.failed(now)

    def retry(self, item: Item, now: Monotonic) -> int:
        """This one item of a batch failed: it is postponed, longer each time. Returns how often that was so far."""
        tries = self._tries.setdefault(item, Backoff(self._width.retry, self._random))
        tries.failed(now)
        self.postpone(item, tries.next_at)
        return tries.failures

    def next_wakeup(self) -> Monotonic | None:
        """When `take` may have something; None if nothing will be due without something else happening first."""
        if self._batches >= self._width.parallel:
            return None
        first = Monotonic(-inf) if self._waiting else min(self._postponed.values(), default=None)
        return None if first is None else max(first, self._backoff.next_at)

    def _return(self, batch: Iterable[Item]) -> None:
        self._batches -= 1
        self._under_way.difference_update(batch)
