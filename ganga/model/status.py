"""The statuses of a job and which of them may follow which.

Two rules: a final status is final within its attempt, and only `LOST`, which says that we do not know, can be
overturned by evidence.
"""

from collections.abc import Mapping
from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job is. `COMPLETED`, `FAILED`, `KILLED` and `LOST` are final."""

    #: Known here, not submitted.
    NEW = "new"
    #: The intent is stored, the back end has not confirmed it yet.
    SUBMITTING = "submitting"
    #: Accepted by the back end, waiting to start (queued, pending, idle).
    SUBMITTED = "submitted"
    #: Will not start by itself.
    HELD = "held"
    #: Started.
    RUNNING = "running"
    #: Started, stopped for now.
    SUSPENDED = "suspended"
    #: Ended there; its output is being retrieved.
    COMPLETING = "completing"
    #: Ended well, output retrieved.
    COMPLETED = "completed"
    #: Ended badly; `reason` says why.
    FAILED = "failed"
    #: Ended because somebody asked for it.
    KILLED = "killed"
    #: Denied for long by a back end that answers well: nobody knows how it ended.
    LOST = "lost"

    # A status is equal to its word, so it has the word's hash; that of an enumeration would also be many times slower.
    __hash__ = str.__hash__

    @property
    def final(self) -> bool:
        """Whether nothing more is expected of the attempt."""
        return self in FINAL

    @property
    def polled(self) -> bool:
        """Whether the back end is asked about a job in this status."""
        return self in POLLED


FINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.KILLED, JobStatus.LOST})
#: Of these nothing else can be heard: the attempt has ended, and how is known.
ENDED = FINAL - {JobStatus.LOST}
POLLED = frozenset({JobStatus.SUBMITTED, JobStatus.HELD, JobStatus.RUNNING, JobStatus.SUSPENDED})

_WORST_FIRST = (JobStatus.FAILED, JobStatus.LOST, JobStatus.KILLED, JobStatus.COMPLETED)
_WAITING = (JobStatus.SUSPENDED, JobStatus.SUBMITTED, JobStatus.HELD, JobStatus.SUBMITTING, JobStatus.NEW)


def may_follow(old: JobStatus, new: JobStatus) -> bool:
    """Whether `new` may follow `old` within one attempt.

    Live statuses follow each other freely, since back ends hold, requeue and suspend as they like; a job that is
    `COMPLETING` has ended and can only become final.
    """
    if new is old or new is JobStatus.NEW:
        return False
    if old is JobStatus.LOST:
        return new is not JobStatus.SUBMITTING
    if old is JobStatus.COMPLETING:
        return new in FINAL
    return old not in FINAL and not (new is JobStatus.SUBMITTING and old is not JobStatus.NEW)


def derived_status(counts: Mapping[JobStatus, int]) -> JobStatus:
    """The status of a job with subjobs, from how many of them have which status (zero counts are allowed).

    While one runs, or some have ended and others have not begun, the job is running; when all have ended, the worst end
    counts: failed, lost, killed, completed. A job none of whose subjobs is known is new.
    """
    present = {status for status, count in counts.items() if count}
    live = present - FINAL
    if not live:
        return next((status for status in _WORST_FIRST if status in present), JobStatus.NEW)
    if live == {JobStatus.COMPLETING}:
        return JobStatus.COMPLETING
    begun = present - live or JobStatus.COMPLETING in live
    if JobStatus.RUNNING in live or (begun and JobStatus.SUSPENDED not in live):
        return JobStatus.RUNNING
    return next(status for status in _WAITING if status in live)
