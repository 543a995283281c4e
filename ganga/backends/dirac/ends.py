"""Ends whose words are still to come.

DIRAC writes the status of an end first and its words, of which the exit code is one, a moment later. An end without
words is not told yet: it is looked at again in the following rounds until they have come, or have had the time to come,
since some ends have none.
"""

from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Final

from ganga.backends.dirac.road import JobState
from ganga.backends.dirac.states import is_bare, restart_of
from ganga.model.clock import Utc

#: Seconds that the words of an end have to come once it was heard of.
GRACE: Final = 10.0

#: Nothing more comes to an end that the servers wrote down so many seconds ago, whenever we hear of it: the clocks of
#: their machines differ by less.
OVER: Final = 60.0


class Ends:
    """Those that were heard of and are not told yet."""

    def __init__(self, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        #: By the job's number: which run of it, and when its end was heard of first.
        self._heard: dict[int, tuple[int, float]] = {}

    @property
    def held_back(self) -> Collection[int]:
        """The numbers of the jobs that are to be looked at again."""
        return tuple(self._heard)

    def told(self, states: Iterable[JobState], clock: Utc) -> list[JobState]:
        """The states but for the ends that are held back; `clock` is the time of the servers now."""
        return [state for state in states if self._is_told(state, clock)]

    def gone(self, numbers: Iterable[int]) -> None:
        """These jobs were looked at again, and the servers do not know them any more."""
        for number in numbers:
            self._heard.pop(number, None)

    def _is_told(self, state: JobState, clock: Utc) -> bool:
        if is_bare(state) and self._may_have_more(state, clock):
            return False
        self._heard.pop(state.id, None)
        return True

    def _may_have_more(self, state: JobState, clock: Utc) -> bool:
        if state.updated_at is not None and clock - state.updated_at >= OVER:
            return False
        now, run = self._now(), restart_of(state)
        known, since = self._heard.get(state.id, (run, now))
        if known != run:
            since = now
        self._heard[state.id] = run, since
        return now - since < GRACE
