"""What changed since when, told once: the cursor of the feed, and what of an answer is news.

Only the server's clock counts. A cursor is one of its seconds, with a mark of what was told by then. Each question
reaches back before that second by an overlap, for changes that were committed late and for servers whose clocks differ;
what the overlap repeats is told apart by value. The cursor moves when all pages are there, never before. When the
server's clock is set back, so is the cursor: changes made since then bear times that lie before it.
"""

from collections.abc import Callable, Iterable, Mapping
from math import floor
from time import monotonic
from typing import Final

from ganga.backends.dirac.road import JobState
from ganga.errors import UsageError
from ganga.model.clock import Utc, from_rfc3339, rfc3339
from ganga.model.ids import Cursor

#: So many overlaps after a change nothing is expected to come to light any more that happened before it.
SETTLED: Final = 12

#: Seconds after which a cursor is worth no more than none: reading all that changed since would take longer than asking
#: about the jobs that live, as whoever was away for so long does anyway.
LONGEST_ABSENCE: Final = 86_400.0

_LONG_AGO: Final = Utc(0.0)


class Question:
    """One question for what is new, while its pages come in. If they stop coming, nothing has happened."""

    __slots__ = ("_at", "_clock", "_known", "_overlap", "lead", "states")

    def __init__(self, at: Utc, clock: Utc, overlap: float, known: Mapping[int, JobState], lead: float) -> None:
        self._at = at
        self._clock = clock
        self._overlap = overlap
        self._known = known
        #: By how much the server's clock is ahead of our monotonic one.
        self.lead = lead
        #: The latest state of each job on the pages so far.
        self.states: dict[int, JobState] = {}

    @property
    def since(self) -> Utc:
        """From when on changes are wanted; a whole second, since servers compare no others."""
        return _second(self._at - self._overlap)

    def take(self, page: Iterable[JobState]) -> None:
        """A page came in. A job that changes while pages are read is on two of them: the later state counts."""
        for state in page:
            before = self.states.get(state.id)
            if before is None or _stamp(state) >= _stamp(before):
                self.states[state.id] = state

    def news(self) -> list[JobState]:
        """What was not told before, in the order in which it came."""
        return [state for number, state in self.states.items() if self._known.get(number) != state]

    def reached(self) -> Utc:
        """How far the pages reach: to the newest change, and not beyond the server's clock.

        A time after which nothing has happened for long is left behind, so that the last changes before a quiet night
        are not read again all night. An empty answer costs nothing, and moves nothing before the cursor grows old.
        """
        if not self.states and self._clock - self._at < LONGEST_ABSENCE / 2:
            return self._at
        newest = max(map(_stamp, self.states.values()), default=self._at)
        quiet = self._clock - SETTLED * self._overlap
        return _second(max(self._at, min(newest, self._clock), quiet))


class Delta:
    """The memory between two questions. It holds for the cursor that it gave out last: whoever comes with another one
    has not heard what was told since, and is told again.
    """

    __slots__ = ("_answers", "_cursor", "_lead", "_name", "_now", "_overlap", "_told")

    def __init__(self, overlap: float, name: str, *, now: Callable[[], float] = monotonic) -> None:
        self._overlap = overlap
        self._now = now
        #: That of the last answer; None before the first.
        self._lead: float | None = None
        #: What tells the cursors of this memory from those of any other.
        self._name = name
        self._answers = 0
        self._cursor: Cursor | None = None
        self._told: dict[int, JobState] = {}

    def question(self, cursor: Cursor | None, clock: Utc) -> Question:
        """The next question, asked when the server's clock shows `clock`.

        Without a cursor, or with one that is not ours or very old, what is new is what comes from now on.
        """
        lead = clock - self._now()
        at = _time_of(cursor)
        if at is None or clock - at > LONGEST_ABSENCE:
            return Question(_second(clock - SETTLED * self._overlap), clock, self._overlap, {}, lead)
        known = self._told if cursor == self._cursor else {}
        return Question(self._set_back(at, clock, lead), clock, self._overlap, known, lead)

    def _set_back(self, at: Utc, clock: Utc, lead: float) -> Utc:
        """Where the cursor is by the clock as it now goes."""
        back = 0.0 if self._lead is None else self._lead - lead
        if back > self._overlap:
            return _second(min(at - back, clock))
        if at > clock + self._overlap:
            # When it was set back is not known.
            return _second(clock - SETTLED * self._overlap)
        return min(at, _second(clock))

    def settle(self, question: Question) -> Cursor:
        """All pages of the question were taken: where to go on. Where nothing is new, that is where it was."""
        at = question.reached()
        self._lead = question.lead
        horizon = _second(at - self._overlap)
        self._answers += bool(question.news())
        self._told = {number: state for number, state in question.states.items() if _stamp(state) >= horizon}
        self._cursor = Cursor(f"{rfc3339(at)} {self._name}.{self._answers}")
        return self._cursor


def _stamp(state: JobState) -> Utc:
    return _LONG_AGO if state.updated_at is None else state.updated_at


def _second(at: float) -> Utc:
    return Utc(float(floor(at)))


def _time_of(cursor: Cursor | None) -> Utc | None:
    try:
        return None if cursor is None else _second(from_rfc3339(cursor.partition(" ")[0]))
    except UsageError:
        return None
