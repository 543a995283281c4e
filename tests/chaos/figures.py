"""How late the news was, and how long targets were without a monitor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ganga.model.event import Event
from ganga.model.status import JobStatus
from tests.chaos.laws import Evidence
from tests.chaos.monitor import Took
from tests.chaos.plan import Kind
from tests.chaos.strikes import Struck

CALM = "calm"


@dataclass(frozen=True, slots=True)
class Delays:
    """Some delays, in seconds."""

    count: int
    median: float
    longest: float


@dataclass(frozen=True)
class Figures:
    """The figures of a run. Times are seconds."""

    jobs: int
    attempts: int
    events: int
    faults: int
    #: From the end of an attempt to its event in the store, by what went wrong meanwhile; a delay counts for each kind.
    stale: dict[str, Delays]
    #: From the moment that the holder of a lease was killed or frozen to the next one's taking it.
    takeovers: Delays | None
    #: From the last fault on; None if that took too long.
    settled_after: float | None


def measured(evidence: Evidence, struck: Sequence[Struck], settled_after: float | None) -> Figures:
    """What the evidence says about time."""
    stale: dict[str, list[float]] = {}
    for ended, known in _ends(evidence):
        kinds = {hit.fault.kind.value for hit in struck if hit.began < known and ended < hit.ended} or {CALM}
        for kind in (*kinds, "all"):
            stale.setdefault(kind, []).append(max(0.0, known - ended))
    takeovers = list(_takeovers(evidence, struck))
    return Figures(
        jobs=len(evidence.leaves),
        attempts=len(evidence.runs),
        events=len(evidence.events),
        faults=len(struck),
        stale={kind: _delays(delays) for kind, delays in sorted(stale.items())},
        takeovers=_delays(takeovers) if takeovers else None,
        settled_after=settled_after,
    )


def _delays(delays: Sequence[float]) -> Delays:
    return Delays(len(delays), round(median(delays), 3), round(max(delays), 3))


def _ends(evidence: Evidence) -> Iterator[tuple[float, float]]:
    """When each attempt ended, and when the store knew."""
    told = {(event.job, event.attempt): event for event in reversed(evidence.events) if _tells_an_end(event)}
    for attempt, run in evidence.truth.items():
        event = told.get(attempt)
        known = None if event is None else evidence.known_at.get(event.seq)
        if run.ends is not None and known is not None:
            yield run.ends, known


def _tells_an_end(event: Event) -> bool:
    return event.new is not None and (event.new.final or event.new is JobStatus.COMPLETING)


def _takeovers(evidence: Evidence, struck: Sequence[Struck]) -> Iterator[float]:
    taken = sorted((note for note in evidence.notes if isinstance(note, Took)), key=lambda note: note.at)
    for hit in struck:
        for target in {note.target for note in taken}:
            terms = [note for note in taken if note.target == target]
            before = [note for note in terms if note.at <= hit.began]
            after = [note for note in terms if note.at > hit.began]
            # Who was not frozen for long enough keeps its lease; what is dead has surely lost it.
            replaced = after and (hit.fault.kind is Kind.KILL or after[0].at <= hit.ended)
            if before and before[-1].monitor == hit.monitor and replaced:
                yield after[0].at - hit.began
