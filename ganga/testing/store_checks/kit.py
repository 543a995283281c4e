"""What the checks have in common: small jobs, the way to write as a monitor does, and words for what went wrong."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from ganga.errors import GangaError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord, JobSpec, Share
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Lease, NewJob, Store

Check = Callable[[Store], Awaitable[None]]

HERE = TargetName("here")
THERE = TargetName("there")
AT = Utc(1768000000.25)
LATER = Utc(1768000060.5)

_Error = TypeVar("_Error", bound=GangaError)


def expect(what: str, found: object, expected: object) -> None:
    """Raise `AssertionError` unless what was found is what was expected."""
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


async def expect_error(what: str, kind: type[_Error], asked: Awaitable[object]) -> None:
    """Raise `AssertionError` unless the awaitable raises such an error."""
    try:
        answer = await asked
    except kind:
        return
    raise AssertionError(f"{what}: expected {kind.__name__}, got the answer {answer!r}")


def new_job(
    subjobs: int | None = None,
    *,
    name: str = "fit",
    target: TargetName = HERE,
    status: JobStatus = JobStatus.SUBMITTING,
) -> NewJob:
    """A job with so many subjobs, each with an argument of its own."""
    shares = None if subjobs is None else [Share(arguments=(str(index),)) for index in range(subjobs)]
    return NewJob(JobSpec(command=("true",), name=name), target, status, shares)


async def take(store: Store, target: TargetName = HERE) -> Lease:
    """The lease of a target that nobody holds."""
    lease = await store.acquire(target, "{}")
    if lease is None:
        raise AssertionError(f"the lease of {target}, which nobody held, was refused")
    return lease


async def save(
    store: Store, lease: Lease, *records: JobRecord, attempts: Sequence[JobRecord] = ()
) -> tuple[Event, ...]:
    """Write records as a monitor does, with one event each."""
    events = tuple(
        Event(at=LATER, kind=EventKind.STATUS_CHANGED, target=lease.target, job=record.id, new=record.status)
        for record in records
    )
    return await store.save(Update(lease.target, records, tuple(attempts), events), lease)


async def become(store: Store, lease: Lease, status: JobStatus, *jobs: JobId) -> None:
    """Write a status of these jobs as a monitor does."""
    records = await store.get(jobs)
    await save(store, lease, *(replace(record, status=status) for record in records))


async def told(store: Store, after: int = 0) -> list[tuple[EventKind, JobId | None]]:
    """The kind and the job of each event behind this one."""
    return [(event.kind, event.job) for event in await store.events(Seq(after))]


def ids(records: Sequence[JobRecord]) -> list[JobId]:
    """The ids of records."""
    return [record.id for record in records]
