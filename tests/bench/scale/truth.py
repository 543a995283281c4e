"""What is true of the live jobs of a target at any time, as a formula: every process that has it knows the same."""

from math import floor

from msgspec import Struct

from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

_QUEUED = Observation(status=JobStatus.SUBMITTED, native_status="PD")
_RUNNING = Observation(status=JobStatus.RUNNING, native_status="R")


class Truth(Struct, frozen=True):
    """Of live jobs with the indices 0, 1, 2..., those that change from a moment on, evenly, one after the other.

    Jobs of an even index wait and start, those of an odd one run and end. All before `first` have changed long ago.
    """

    first: int
    count: int
    #: Seconds of the wall clock.
    begins_at: float = 0.0
    #: Changes a second.
    rate: float = 1.0

    def next(self, count: int, begins_at: float, rate: float) -> "Truth":
        """Those that change after these have."""
        return Truth(self.first + self.count, count, begins_at, rate)

    def at(self, index: int) -> float:
        """When the job changes, if it is one of those that change now."""
        return self.begins_at + (index - self.first) / self.rate

    def changed(self, since: float, until: float) -> range:
        """The indices of those that change then: not at `since`, but at `until`."""
        begin, end = (self.first + self._by(at) for at in (since, until))
        return range(begin, end)

    def observe(self, index: int, now: float) -> Observation:
        """What is so at that time."""
        return self.changed_or_not(index, changed=index < self.first + self._by(now))

    def changed_or_not(self, index: int, *, changed: bool) -> Observation:
        """What is so of the job before or after it changes."""
        if not changed:
            return _RUNNING if index % 2 else _QUEUED
        if index % 2 == 0:
            return _RUNNING
        ended_at = Utc(self.at(max(index, self.first)))
        return Observation(status=JobStatus.COMPLETED, native_status="CD", exit_code=0, ended_at=ended_at)

    def _by(self, now: float) -> int:
        """How many have changed by then."""
        return min(max(floor((now - self.begins_at) * self.rate) + 1, 0), self.count)
