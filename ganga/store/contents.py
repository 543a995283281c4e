"""What a store holds, in figures: how much of each kind, and a digest of it. Stores with the same figures are alike."""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from ganga.model.ids import JobId, Seq
from ganga.store.base import Query, Store

#: Told how many of how many have been done, and of what.
Progress = Callable[[int, int, str], None]

#: Jobs or events read in one go.
PAGE = 1000

#: The same bytes for the same things, whatever order a dictionary is in.
_encode = msgspec.json.Encoder(order="deterministic").encode


class Figures(msgspec.Struct, frozen=True):
    """Of one kind: how many there are, and the SHA-256 of their encodings, in order."""

    count: int
    digest: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds."""

    #: Of the store as a whole: its id and its counters.
    store: Figures
    targets: Figures
    #: With their subjobs, specifications, shares and attempts.
    jobs: Figures
    events: Figures

    def differences(self, other: "Contents") -> list[str]:
        """The kinds in which the two differ."""
        return [kind for kind in self.__struct_fields__ if getattr(self, kind) != getattr(other, kind)]


class _Tally:
    """Figures in the making."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = sha256()

    def add(self, *things: object) -> None:
        for thing in things:
            self._digest.update(_encode(thing) + b"\n")
        self.count += len(things)

    def figures(self) -> Figures:
        return Figures(self.count, self._digest.hexdigest())


async def size(store: Store) -> int:
    """About how many jobs, subjobs and events there are."""
    head = await store.head()
    return sum((await store.count(Query(subjobs=True))).values()) + head.last_seq - head.forgotten


async def contents(store: Store, tell: Progress) -> Contents:
    """Everything is read, page by page; what is written meanwhile may or may not be in the figures."""
    total = await size(store)
    what = f"reading {store.location}"
    head = await store.head()
    whole, targets = _Tally(), _Tally()
    whole.add((head.id, head.last_job, head.last_seq, head.forgotten))
    targets.add(*await store.stored_targets())
    jobs = await _jobs(store, lambda done: tell(done, total, what))
    events = await _events(store, head.forgotten, lambda done: tell(jobs.count + done, total, what))
    return Contents(store=whole.figures(), targets=targets.figures(), jobs=jobs, events=events)


async def _jobs(store: Store, tell: Callable[[int], None], after: JobId | None = None) -> Figures:
    tally = _Tally()
    while page := await store.dump(after=after, limit=PAGE):
        tally.add(*page)
        tell(tally.count)
        after = page[-1].record.id
    return tally.figures()


async def _events(store: Store, after: Seq, tell: Callable[[int], None]) -> Figures:
    tally = _Tally()
    while page := await store.events(after, limit=PAGE):
        tally.add(*page)
        tell(tally.count)
        after = page[-1].seq
    return tally.figures()
