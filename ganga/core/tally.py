"""How many jobs there are of each status: kept as they change, since a million are too many to be counted each time."""

from collections.abc import Iterable, Mapping

from ganga.model.job import JobRecord
from ganga.model.status import JobStatus


class Tally:
    """The numbers of the jobs that one roster knows."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = dict.fromkeys(JobStatus, 0)

    def counts(self) -> Mapping[JobStatus, int]:
        """A copy, with 0 for a status that no job has."""
        return self._counts.copy()

    def replaced(self, old: JobRecord | None, new: JobRecord | None) -> None:
        """The record `new` stands where `old` stood; None where there was, or is, none."""
        before = old.status if old is not None else None
        after = new.status if new is not None else None
        if before is after:
            return
        if before is not None:
            self._counts[before] -= 1
        if after is not None:
            self._counts[after] += 1

    def added(self, records: Iterable[JobRecord]) -> None:
        """These stand where none stood."""
        for record in records:
            self._counts[record.status] += 1
