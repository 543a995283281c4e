"""Jobs that change, monitors that follow them, readers that are told: how fast, how late, and at what cost."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ganga.model.event import Event, EventKind
from ganga.model.ids import Seq, number_and_index
from ganga.model.status import JobStatus
from tests.bench.scale.costs import Costs
from tests.bench.scale.crew import Monitors, Readers, readers
from tests.bench.scale.errands import Saved
from tests.bench.scale.places import Place, opened
from tests.bench.scale.size import Size
from tests.bench.scale.truth import Truth

#: Seconds from telling all processes to the first change; and for which stragglers are waited for.
AHEAD, _PATIENCE = 0.5, 60.0
_PAGE = 10_000
#: What the two kinds of changes are stored as; jobs that have ended then bring home their output.
_CHANGES = frozenset({JobStatus.RUNNING, JobStatus.COMPLETING})


@dataclass(frozen=True)
class Load:
    """What came of it. Ages are seconds."""

    #: Changes a second: those that there were, and those of them that were stored while they went on.
    wanted: float
    stored: float
    #: Changes never stored, and never read by a reader.
    unstored: int
    unread: int
    #: From each change to its stored event, and from there to each reader.
    ages: Sequence[float]
    deliveries: Sequence[float]
    #: Of a minute.
    costs: Costs


def measured(place: Place, folder: Path, crew: Monitors, size: Size) -> Load:
    """For so many seconds, with so many changes."""
    after = asyncio.run(last_seq(place.where))
    with readers(place, folder / "home", folder, size.reading, size.readers) as audience:
        before = _costs(place, crew, audience)
        truth = following(crew.truth, size, size.seconds)
        crew.tell(truth)
        time.sleep(AHEAD + size.seconds)
        changed_at = asyncio.run(_changes(place.where, after, truth, size.targets * truth.count))
        costs = _costs(place, crew, audience).since(before)
        read = audience.read()
    return _judged(size, truth, changed_at, _stored_at(crew.saved()), read, costs)


def following(truth: Truth, size: Size, seconds: float) -> Truth:
    """What is true when the next jobs change, at the size's rate."""
    rate = size.changes / 60 / size.targets
    return truth.next(round(rate * seconds), time.time() + AHEAD, rate)


async def last_seq(where: str) -> Seq:
    """Of the store there."""
    async with opened(where) as store:
        return await store.last_seq()


def _costs(place: Place, crew: Monitors, audience: Readers) -> Costs:
    return Costs.now(crew.usage(), audience.usage(), place.spent())


def _judged(
    size: Size,
    truth: Truth,
    changed_at: Mapping[Seq, float],
    stored_at: Mapping[Seq, float],
    read: Iterable[tuple[Sequence[Seq], Sequence[float]]],
    costs: Costs,
) -> Load:
    deliveries = sorted(
        max(0.0, at - stored_at[seq])
        for seqs, times in read
        for seq, at in zip(seqs, times, strict=True)
        if seq in changed_at
    )
    in_time = sum(stored_at[seq] <= truth.begins_at + size.seconds for seq in changed_at)
    return Load(
        wanted=size.changes / 60,
        stored=in_time / size.seconds,
        unstored=size.targets * truth.count - len(changed_at),
        unread=len(changed_at) * size.reading * size.readers - len(deliveries),
        ages=sorted(stored_at[seq] - at for seq, at in changed_at.items()),
        deliveries=deliveries,
        costs=costs,
    )


async def _changes(where: str, after: Seq, truth: Truth, wanted: int) -> dict[Seq, float]:
    """When each of these changes happened, by the number of its event: when all are stored and each end is final, or
    after some time.
    """
    changed_at: dict[Seq, float] = {}
    ended = final = 0
    async with opened(where) as store:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while len(changed_at) < wanted or final < ended:
                    await store.wait(after, 1.0)
                    for event in await store.events(after, limit=_PAGE):
                        after = event.seq
                        index = _changed(event, truth)
                        if index is not None:
                            changed_at[event.seq] = truth.at(index)
                            ended += event.new is JobStatus.COMPLETING
                        final += event.new is JobStatus.COMPLETED
    return changed_at


def _changed(event: Event, truth: Truth) -> int | None:
    """The index of the job that changes, if the event tells of that."""
    if event.kind is not EventKind.STATUS_CHANGED or event.new not in _CHANGES or event.job is None:
        return None
    index = number_and_index(event.job)[1]
    return index if index is not None and truth.first <= index < truth.first + truth.count else None


def _stored_at(saved: Iterable[Saved]) -> dict[Seq, float]:
    """When each event was stored, as its monitor knows."""
    return {Seq(seq): one.at for one in saved if one.first for seq in range(one.first, one.last + 1)}
