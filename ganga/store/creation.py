"""What a new job looks like in any store: which jobs are accepted, and their first records and events."""

from msgspec.structs import replace

from ganga.errors import UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import job_id
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus
from ganga.store.base import Adopted, NewJob
from ganga.store.storable import check_target, storable_struct

_FIRST = (JobStatus.NEW, JobStatus.SUBMITTING)


def check_new(job: NewJob) -> None:
    """Raise `UsageError` for a job that cannot be created."""
    check_target(job.target)
    if job.status not in _FIRST:
        raise UsageError(f"a job cannot begin as {job.status}; expected new or submitting")
    if job.shares is not None and not job.shares:
        raise UsageError("a job cannot have 0 subjobs; give at least one share, or None for a job without subjobs")


def first_record(number: int, job: NewJob, at: Utc) -> JobRecord:
    """The record of a whole job when it is created."""
    attempt = int(job.status is JobStatus.SUBMITTING)
    judges = job.spec.checkers if job.shares is None else job.spec.mergers
    return JobRecord(
        id=job_id(number),
        name=job.spec.name,
        target=job.target,
        status=job.status,
        created_at=at,
        subjobs=None if job.shares is None else len(job.shares),
        attempt=attempt,
        wanted_attempt=attempt,
        postprocessed=bool(judges or job.spec.notifiers),
    )


def subjob_record(parent: JobRecord, index: int, spec: JobSpec) -> JobRecord:
    """The record of a subjob when its job is created."""
    return JobRecord(
        id=job_id(int(parent.id), index),
        name=parent.name,
        target=parent.target,
        status=parent.status,
        created_at=parent.created_at,
        attempt=parent.attempt,
        wanted_attempt=parent.attempt,
        postprocessed=bool(spec.checkers),
    )


def adopted_record(number: int, job: Adopted) -> JobRecord:
    """The record of an adopted job. Raises `UsageError` for one with subjobs, which no back end knows."""
    check_target(job.record.target)
    if job.record.subjobs is not None:
        raise UsageError(f"a job with {job.record.subjobs} subjobs cannot be adopted; adopt each of them")
    return storable_struct(replace(job.record, id=job_id(number)))


def created(record: JobRecord, at: Utc) -> Event:
    """The event that tells of a new job."""
    return Event(at=at, kind=EventKind.JOB_CREATED, target=record.target, job=record.id, new=record.status)
