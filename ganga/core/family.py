"""Jobs with subjobs: no back end knows them, their status follows from the counts of their subjobs'."""

from collections import Counter, OrderedDict
from collections.abc import Mapping

from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus, derived_status


class Families:
    """How many subjobs of each job have which status, kept up to date at a cost that follows change."""

    __slots__ = ("_counts", "_over", "_touched")

    def __init__(self) -> None:
        self._counts: dict[JobId, Counter[JobStatus]] = {}
        self._touched: dict[JobId, None] = {}
        # Those that are over, in the order of their end.
        self._over: OrderedDict[JobId, None] = OrderedDict()

    def __contains__(self, parent: JobId) -> bool:
        return parent in self._counts

    def add(self, parent: JobId, counts: Mapping[JobStatus, int]) -> None:
        """A job with subjobs is followed from now on."""
        self._counts[parent] = Counter(counts)
        self.touch(parent)

    def discard(self, parent: JobId) -> None:
        """The job is no longer followed."""
        self._counts.pop(parent, None)
        self._touched.pop(parent, None)
        self._over.pop(parent, None)

    def touch(self, parent: JobId) -> None:
        """The status of the job is to be looked at."""
        self._touched[parent] = None

    def move(self, parent: JobId, old: JobStatus, new: JobStatus) -> None:
        """A subjob changed from one status to another; nothing happens if its job is not followed."""
        counts = self._counts.get(parent)
        if counts is None:
            return
        counts[old] -= 1
        counts[new] += 1
        self.touch(parent)

    def lost(self, parent: JobId) -> bool:
        """Whether a subjob is lost, and may turn up again."""
        return parent in self._counts and self._counts[parent][JobStatus.LOST] > 0

    def retire(self, parent: JobRecord, limit: int) -> list[JobId]:
        """Note whether the job is over. Returns those over longest beyond `limit`, which are to be followed no more."""
        self._over.pop(parent.id, None)
        if parent.status.final and not self.lost(parent.id):
            self._over[parent.id] = None
        return [self._over.popitem(last=False)[0] for _ in range(len(self._over) - limit)]

    def touched(self) -> list[JobId]:
        """The jobs whose counts have changed since the last call."""
        touched, self._touched = list(self._touched), {}
        return touched

    def settle(self, parent: JobRecord, at: Utc) -> JobRecord:
        """The record of a job as its counts demand; the same record if nothing is new.

        When all subjobs have ended and something is to be done after that, the job is completing first, with what it
        will become as its outcome.
        """
        counts = self._counts[parent.id]
        status = derived_status(counts)
        if status is parent.status and parent.outcome in (None, status):
            return parent
        if not status.final:
            return replace(
                parent,
                status=status,
                outcome=None,
                reason=None,
                ended_at=None,
                submitted_at=parent.submitted_at or (None if status in _UNSUBMITTED else at),
                started_at=parent.started_at or (at if status in _BEGUN else None),
            )
        if status is parent.outcome:
            return parent
        reason = _ends(counts)
        if parent.postprocessed:
            return replace(parent, status=JobStatus.COMPLETING, outcome=status, reason=reason, ended_at=at)
        return replace(parent, status=status, outcome=status, reason=reason, ended_at=at)


_UNSUBMITTED = frozenset({JobStatus.NEW, JobStatus.SUBMITTING})
_BEGUN = frozenset({JobStatus.RUNNING, JobStatus.SUSPENDED, JobStatus.COMPLETING})


def _ends(counts: Counter[JobStatus]) -> str | None:
    total = counts.total()
    bad = [
        f"{counts[status]} {status}"
        for status in (JobStatus.FAILED, JobStatus.LOST, JobStatus.KILLED)
        if counts[status]
    ]
    return f"of {total} subjobs {', '.join(bad)}" if bad else None
