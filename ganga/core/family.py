"""Jobs with subjobs: no back end knows them, their status follows from the counts of their subjobs'."""

from collections import Counter
from collections.abc import Mapping

from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus, derived_status


class Families:
    """How many subjobs of each job have which status, kept up to date at a cost that follows change."""

    __slots__ = ("_counts", "_touched")

    def __init__(self) -> None:
        self._counts: dict[JobId, Counter[JobStatus]] = {}
        self._touched: dict[JobId, None] = {}

    def __contains__(self, parent: JobId) -> bool:
        return parent in self._counts

    def add(self, parent: JobId, counts: Mapping[JobStatus, int]) -> None:
        """A job with subjobs is followed from now on."""
        self._counts[parent] = Counter(counts)
        self._touched[parent] = None

    def discard(self, parent: JobId) -> None:
        """The job is no longer followed."""
        self._counts.pop(parent, None)
        self._touched.pop(parent, None)

    def move(self, parent: JobId, old: JobStatus, new: JobStatus) -> None:
        """A subjob changed from one status to another."""
        counts = self._counts[parent]
        counts[old] -= 1
        counts[new] += 1
        self._touched[parent] = None

    def lost(self, parent: JobId) -> bool:
        """Whether a subjob is lost, and may turn up again."""
        return parent in self._counts and self._counts[parent][JobStatus.LOST] > 0

    def touched(self) -> list[JobId]:
        """The jobs whose counts have changed since the last call."""
        touched, self._touched = list(self._touched), {}
        return touched

    def settle(self, parent: JobRecord, at: Utc) -> JobRecord:
        """The record of a job as its counts demand; the same record if nothing is new.

        When all subjobs have ended and something is to be done after that, the job is completing first, with what it will
        become as its outcome.
        """
        counts = self._counts[parent.id]
        status = derived_status(counts)
        if status is parent.status and parent.outcome in (None, status):
            return parent
        if not status.final:
            begun = parent.started_at or (at if status in _BEGUN else None)
            return replace(parent, status=status, outcome=None, reason=None, ended_at=None, started_at=begun)
        if status is parent.outcome:
            return parent
        reason = _ends(counts)
        if parent.postprocessed:
            return replace(parent, status=JobStatus.COMPLETING, outcome=status, reason=reason, ended_at=at)
        return replace(parent, status=status, outcome=status, reason=reason, ended_at=at)


_BEGUN = frozenset({JobStatus.RUNNING, JobStatus.SUSPENDED, JobStatus.COMPLETING})


def _ends(counts: Counter[JobStatus]) -> str | None:
    total = counts.total()
    bad = [
        f"{counts[status]} {status}"
        for status in (JobStatus.FAILED, JobStatus.LOST, JobStatus.KILLED)
        if counts[status]
    ]
    return f"of {total} subjobs {', '.join(bad)}" if bad else None
