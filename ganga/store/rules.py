"""Who may change what, the same in any store."""

from msgspec.structs import replace

from ganga.errors import LeaseLost, StoreUnavailable, UnknownJob, UsageError
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from ganga.model.status import ENDED, FINAL, JobStatus
from ganga.model.update import Update
from ganga.store.base import Lease

#: Subjobs in these are submitted again when that is asked of their job.
TO_RESUBMIT = frozenset({JobStatus.NEW, JobStatus.FAILED, JobStatus.KILLED, JobStatus.LOST})

#: Jobs in these are submitted again when that is asked of themselves.
TO_SUBMIT = FINAL | {JobStatus.NEW}


def unknown(job: JobId) -> UnknownJob:
    """What to raise for a job that is not there."""
    return UnknownJob(f"there is no job {job} in the store; see the list of jobs")


def check_removable(record: JobRecord) -> None:
    """Raise `UsageError` unless the job is new or final."""
    if not record.status.final and record.status is not JobStatus.NEW:
        raise UsageError(
            f"job {record.id} is {record.status}, and only new or final jobs can be removed; kill it first"
        )


def closed(location: str) -> StoreUnavailable:
    """What to raise where something is asked of a store that was closed."""
    return StoreUnavailable(f"the store {location} is closed; open it again")


def not_whole(job: JobId) -> UsageError:
    """What to raise for a subjob that is to be removed by itself."""
    return UsageError(f"{job} is a subjob, and only whole jobs can be removed")


def submits(record: JobRecord, asked_for: JobId) -> bool:
    """Whether asking for `asked_for` to be submitted submits this one: itself, or one of its subjobs."""
    if record.subjobs is not None:
        return False
    return record.status in (TO_SUBMIT if record.id == asked_for else TO_RESUBMIT)


def begun(record: JobRecord) -> bool:
    """Whether the attempt that was asked for last has begun."""
    return record.wanted_attempt <= record.attempt


def written_over(old: JobRecord, new: JobRecord) -> JobRecord:
    """What the store keeps when the monitor writes `new`: what is fixed at creation, or is another's, stays as
    it was.
    """
    return replace(
        new,
        name=old.name,
        target=old.target,
        created_at=old.created_at,
        subjobs=old.subjobs,
        postprocessed=old.postprocessed,
        kill_requested_by=None if old.status in ENDED and new.attempt > old.attempt else old.kill_requested_by,
        wanted_attempt=max(old.wanted_attempt, new.wanted_attempt),
    )


def check_covers(lease: Lease, update: Update) -> None:
    """Raise `UsageError` if the lease is for another target than the update."""
    if lease.target != update.target:
        raise UsageError(f"an update of {update.target} cannot be saved with the lease of {lease.target}")


def lease_lost(lease: Lease) -> LeaseLost:
    """What to raise for a lease that is not the newest, or was given back."""
    return LeaseLost(f"another process has taken over {lease.target} (lease {lease.epoch} is no longer the newest)")
