"""Stores as users have them, filled by the store's own verbs: campaigns, now and then a job without subjobs, and the
events of all of them.
"""

import time
from collections.abc import Iterator

from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, NativeId, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Share
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Lease, NewJob, Store

#: Subjobs of one campaign, at most; of the other jobs there is one in so many.
CAMPAIGN, ONE_IN = 10_000, 200
#: Records in one transaction.
_BATCH = 5_000
_SPEC = JobSpec(command=("true",), name="campaign of march")


async def fill(store: Store, target: TargetName, *, ended: int = 0, live: int = 0) -> list[JobId]:
    """Add so many jobs that have ended, and campaigns with so many subjobs that wait (of an even index) or run.

    Returns these campaigns.
    """
    lease = await store.acquire(target, "filling")
    if lease is None:
        raise AssertionError(f"somebody looks after {target} already")
    for _ in range(whole := ended // ONE_IN):
        job = await store.create(NewJob(_SPEC, target), _now())
        await _save(store, lease, [_ended(job, job.id)])
    for size in _sizes(ended - whole):
        await _campaign(store, lease, size, live=False)
    campaigns = [await _campaign(store, lease, size, live=True) for size in _sizes(live)]
    await store.release(lease)
    return campaigns


def _sizes(jobs: int) -> Iterator[int]:
    whole, rest = divmod(jobs, CAMPAIGN)
    yield from [CAMPAIGN] * whole
    if rest:
        yield rest


async def _campaign(store: Store, lease: Lease, size: int, *, live: bool) -> JobId:
    job = await store.create(NewJob(_SPEC, lease.target, shares=[Share()] * size), _now())
    become = _live if live else _ended
    for at in range(0, size, _BATCH):
        await _save(store, lease, [become(job, job_id(int(job.id), n)) for n in range(at, min(at + _BATCH, size))])
    await _save(store, lease, [become(job, job.id)])
    return job.id


async def _save(store: Store, lease: Lease, records: list[JobRecord]) -> None:
    await store.save(Update(lease.target, tuple(records), events=tuple(map(_event, records))), lease)


def _ended(job: JobRecord, own: JobId) -> JobRecord:
    at = job.created_at
    return JobRecord(
        id=own,
        name=job.name,
        target=job.target,
        status=JobStatus.COMPLETED,
        created_at=at,
        subjobs=job.subjobs if own == job.id else None,
        attempt=1,
        wanted_attempt=1,
        native_id=NativeId(own),
        native_status="CD",
        exit_code=0,
        outcome=JobStatus.COMPLETED,
        submitted_at=at,
        started_at=at,
        ended_at=at,
        confirmed_at=at,
        peak_memory=2**30,
        cpu_time=500.0,
    )


def _live(job: JobRecord, own: JobId) -> JobRecord:
    parent = own == job.id
    running = parent or int(own.partition(".")[2]) % 2
    return JobRecord(
        id=own,
        name=job.name,
        target=job.target,
        status=JobStatus.RUNNING if running else JobStatus.SUBMITTED,
        created_at=job.created_at,
        subjobs=job.subjobs if parent else None,
        attempt=1,
        wanted_attempt=1,
        native_id=None if parent else NativeId(own),
        native_status=None if parent else "R" if running else "PD",
        submitted_at=job.created_at,
        started_at=job.created_at if running else None,
        confirmed_at=job.created_at,
    )


def _event(record: JobRecord) -> Event:
    return Event(
        at=record.created_at,
        kind=EventKind.STATUS_CHANGED,
        target=record.target,
        job=record.id,
        old=JobStatus.SUBMITTING,
        new=record.status,
        attempt=1,
    )


def _now() -> Utc:
    return Utc(time.time())
