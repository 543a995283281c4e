"""Who may change what, the same in any store."""

from msgspec.structs import replace

from ganga.errors import EventsForgotten, LeaseLost, StoreUnavailable, UnknownJob, UsageError
from ganga.model.ids import JobId, Seq
from ganga.model.job import JobRecord
from ganga.model.status import ENDED, FINAL, JobStatus
from ganga.model.update import Update
from ganga.store.base import Lease
from ganga.store.portion import Head, Passage, Step

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


def check_kept(after: Seq, forgotten: Seq) -> None:
    """Raise `EventsForgotten` unless all events behind `after` are here; behind 0, all that there are suffice."""
    if 0 < after < forgotten:
        raise EventsForgotten(
            f"the events behind {after} are no longer all in the store: those up to {forgotten} were archived; "
            f"read on behind {forgotten}, and the others in the archive"
        )


def check_open(location: str, passage: Passage | None) -> None:
    """Raise `StoreUnavailable` for a store that takes part in a move."""
    if passage is None:
        return
    place = passage.place
    raise StoreUnavailable(
        {
            Step.LEAVING: f"the store {location} is being moved to {place}, and cannot be written meanwhile; when that "
            f"has ended use {place}, or give it up: ganga store reopen {location}",
            Step.LEFT: f"the store {location} was moved to {place}; name that in the settings, or, if nobody has used "
            f"it there, go back: ganga store reopen {location}",
            Step.ARRIVING: f"the store {location} holds only a part of {place} so far; complete it: "
            f"ganga store move {place} {location}",
        }[passage.step]
    )


def check_step(location: str, old: Passage | None, new: Passage | None) -> None:
    """Raise `UsageError` unless a store may go on from one passage to the other by `Store.pass_over`."""
    if new is None:
        return
    begins = new.step is Step.LEAVING and (old is None or old == new)
    ends = new.step is Step.LEFT and old is not None and old.step is not Step.ARRIVING and old.mark == new.mark
    if not begins and not ends:
        is_so = "takes part in no move" if old is None else f"is {old.step}, and the other store is {old.place}"
        raise UsageError(f"the store {location} cannot be {new.step} to {new.place}: it {is_so}")


def check_load(location: str, here: Head, there: Head | None, passage: Passage | None, *, used: bool) -> None:
    """Raise what `Store.load` raises for a store `here` that was used, or was not, and a portion with the head
    `there`.
    """
    if passage is None:
        check_open(location, here.passage)
        if there is not None and there.id != here.id:
            raise UsageError(f"what is to be loaded is of the store {there.id}, and {location} is the store {here.id}")
    elif here.passage is None and used:
        raise UsageError(f"the store {location} is in use; name a place where there is none")
    elif here.passage is not None and (here.passage.step, here.passage.mark) != (passage.step, passage.mark):
        raise UsageError(
            f"the store {location} is part of another move, with {here.passage.place}; "
            "delete it if it is not needed, or name another place"
        )
