"""Records and observations to try things with."""

import dataclasses
from random import Random

from msgspec.structs import replace

from ganga.core.orders import Requested, Result
from ganga.core.tracker import Tracker
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.observation import Observation
from ganga.model.policy import Pace, Patience, Policy, Retry, Width
from ganga.model.status import JobStatus
from ganga.model.update import Update

TARGET = TargetName("slurm")

RETRY = Retry(first=2.0, longest=8.0)
FEED = Pace(fastest=5.0, slowest=5.0, retry=RETRY)
POLICY = Policy(
    sweep=Pace(fastest=10.0, slowest=60.0, retry=RETRY),
    sweep_width=Width(batch=2, parallel=2, retry=RETRY),
    feed=FEED,
    idle_feed=50.0,
    submit=Width(batch=2, retry=RETRY),
    find=Width(batch=2, retry=RETRY),
    kill=Width(batch=2, retry=RETRY),
    finish=Width(batch=2, parallel=2, retry=RETRY),
    postprocess=Width(batch=1, parallel=2, retry=RETRY),
    patience=Patience(denials=3, seconds=60.0),
    kill_again=20.0,
    finish_attempts=3,
)


def moment(seconds: float) -> Moment:
    """So many seconds into the test, on both clocks."""
    return Moment(Monotonic(seconds), Utc(1000.0 + seconds))


def record(job: str = "1", status: JobStatus = JobStatus.SUBMITTED, native_id: str | None = None) -> JobRecord:
    """A job as it is stored."""
    submitted = status not in {JobStatus.NEW, JobStatus.SUBMITTING}
    return JobRecord(
        id=JobId(job),
        name="fit",
        target=TARGET,
        status=status,
        created_at=Utc(900.0),
        attempt=0 if status is JobStatus.NEW else 1,
        wanted_attempt=0 if status is JobStatus.NEW else 1,
        native_id=NativeId(native_id or f"n{job}") if submitted else None,
        native_status="R" if status is JobStatus.RUNNING else "PD" if submitted else None,
        outcome=JobStatus.COMPLETED if status is JobStatus.COMPLETING else None,
        submitted_at=Utc(950.0) if submitted else None,
        confirmed_at=Utc(950.0) if submitted else None,
    )


def parent(job: str = "1", status: JobStatus = JobStatus.SUBMITTED, subjobs: int = 2) -> JobRecord:
    """A job with subjobs as it is stored."""
    return replace(record(job, status), subjobs=subjobs, native_id=None, native_status=None, outcome=None)


def seen(
    status: JobStatus = JobStatus.RUNNING,
    native_status: str = "R",
    *,
    restart: int = 0,
    exit_code: int | None = None,
    reason: str | None = None,
    started_at: float | None = None,
) -> Observation:
    """What a back end says of one job."""
    return Observation(
        status=status,
        native_status=native_status,
        restart=restart,
        exit_code=exit_code,
        reason=reason,
        started_at=None if started_at is None else Utc(started_at),
    )


def tracker(
    *records: JobRecord,
    policy: Policy = POLICY,
    feed: bool = False,
    state: TargetState | None = None,
    in_doubt: bool = False,
) -> Tracker:
    """A tracker that follows these."""
    target = Tracker(TARGET, policy if feed else dataclasses.replace(policy, feed=None), Random(0), state=state)
    doubtful = frozenset(record.id for record in records) if in_doubt else frozenset()
    target.receive([Requested(TARGET, records, in_doubt=doubtful)], moment(0))
    return target


def told(update: Update) -> list[str]:
    """What the update says happened, in order."""
    return [event.kind.value if event.new is None else f"{event.old} -> {event.new}" for event in update.events]


def digest(target: Tracker, seconds: float, *results: Result) -> Update:
    """Hand the results in, so many seconds into the test."""
    return target.receive(results, moment(seconds))
