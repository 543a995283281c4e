"""Everything that happens is one numbered event, stored in one transaction with the record that it changed."""

from enum import StrEnum

from msgspec import Struct

from ganga.model.clock import Utc
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.status import JobStatus


class EventKind(StrEnum):
    """What happened. The first group is news, the second is requests, which the monitor reads and carries out."""

    STATUS_CHANGED = "status_changed"
    #: The status is the same; the back end's own word, the reason or a time is new.
    DETAILS_CHANGED = "details_changed"
    #: Somebody asked, and nothing is new: the status was true at this time.
    CONFIRMED = "confirmed"
    #: Submitted again, or run again by the back end itself; `reason` says which.
    ATTEMPT_STARTED = "attempt_started"
    #: The back end no longer speaks of this job, or speaks of it again.
    FELL_SILENT = "fell_silent"
    HEARD_AGAIN = "heard_again"
    TARGET_DOWN = "target_down"
    TARGET_UP = "target_up"
    #: The credentials for the target are about to end; `reason` says whose and when.
    CREDENTIALS_EXPIRING = "credentials_expiring"

    #: One for a job with all its subjobs.
    JOB_CREATED = "job_created"
    JOB_REMOVED = "job_removed"
    KILL_REQUESTED = "kill_requested"
    #: A job that was to be killed is to run again.
    KILL_WITHDRAWN = "kill_withdrawn"
    SUBMIT_REQUESTED = "submit_requested"
    REFRESH_REQUESTED = "refresh_requested"
    TARGET_PAUSED = "target_paused"
    TARGET_RESUMED = "target_resumed"


REQUESTS = frozenset(
    {
        EventKind.JOB_CREATED,
        EventKind.JOB_REMOVED,
        EventKind.KILL_REQUESTED,
        EventKind.KILL_WITHDRAWN,
        EventKind.SUBMIT_REQUESTED,
        EventKind.REFRESH_REQUESTED,
        EventKind.TARGET_PAUSED,
        EventKind.TARGET_RESUMED,
    }
)


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened. `seq` is 0 until the store has numbered it."""

    at: Utc
    kind: EventKind
    target: TargetName
    #: None for news of a target.
    job: JobId | None = None
    old: JobStatus | None = None
    new: JobStatus | None = None
    attempt: int | None = None
    reason: str | None = None
    seq: Seq = Seq(0)
