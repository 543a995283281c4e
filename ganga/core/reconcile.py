"""A record and what was said of it: a new record, or no news. Every rule about the change of a single job is here."""

from signal import Signals
from typing import TypeVar

from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.job import JobRecord
from ganga.model.observation import Observation
from ganga.model.status import ENDED, POLLED, JobStatus, may_follow

_T = TypeVar("_T")

#: What a back end can say of a job. That one is lost, or being finished, is ours to say.
EVIDENCE = POLLED | ENDED
#: Seconds by which the start that a back end tells may differ from one answer to the next without being news.
START_WAVERS = 30.0
#: Seconds in which a reason is new once only: some count down ("starts in 118 s"), and each is a write and an event.
REASON_PAUSE = 60.0


def nothing_new(record: JobRecord, seen: Observation) -> bool:
    """Whether the observation repeats what the record of a live job says already. The hot path of a sweep."""
    return (
        seen.status is record.status
        and seen.native_status == record.native_status
        and (seen.reason is None or seen.reason == record.reason)
        and (seen.started_at is None or _same_time(seen.started_at, record.started_at))
        and seen.restart == record.restart
        and record.silent_since is None
    )


def _same_time(seen: Utc, known: Utc | None) -> bool:
    """Whether the two are one event: a start that is computed as "now less the time elapsed" wavers."""
    return seen == known or (known is not None and abs(seen - known) < START_WAVERS)


def reconcile(record: JobRecord, seen: Observation, at: Utc) -> JobRecord | None:
    """The record after the observation, or None if the observation changes nothing (yet).

    An end first makes a job `COMPLETING`, with what the back end said as its `outcome`. An observation of an earlier
    run of the same native id is not evidence; one of a later run is the next attempt.
    """
    if seen.restart < record.restart or seen.status not in EVIDENCE:
        return None
    if seen.restart > record.restart:
        return _apply(next_attempt(record, restart=seen.restart), seen, at)
    if not _open_to(record, seen) or nothing_new(record, seen) or _too_soon(record, seen, at):
        return None
    return _apply(record, seen, at)


def next_attempt(record: JobRecord, restart: int) -> JobRecord:
    """The record as a further run of the same native id finds it: nothing of the last run is evidence for this one.

    Who wanted the job killed before it ended has had that; who runs it again wants it to run.
    """
    return replace(
        _blank(record),
        kill_requested_by=None if record.status in ENDED else record.kill_requested_by,
        attempt=record.attempt + 1,
        wanted_attempt=max(record.wanted_attempt, record.attempt + 1),
        status=JobStatus.SUBMITTED,
        native_id=record.native_id,
        submitted_at=record.submitted_at,
        restart=restart,
    )


def to_submit(record: JobRecord) -> JobRecord:
    """The record at the start of an attempt that we submit ourselves."""
    return replace(
        _blank(record),
        attempt=record.attempt + 1,
        wanted_attempt=max(record.wanted_attempt, record.attempt + 1),
        status=JobStatus.SUBMITTING,
    )


def accepted(record: JobRecord, native_id: NativeId, at: Utc) -> JobRecord:
    """The record once the back end has taken the job."""
    return replace(record, status=JobStatus.SUBMITTED, native_id=native_id, submitted_at=at, confirmed_at=at)


def ended(record: JobRecord, status: JobStatus, reason: str | None, at: Utc) -> JobRecord:
    """The record with its final status; an end that the back end told keeps its own time."""
    return replace(record, status=status, outcome=None, reason=reason, ended_at=record.ended_at or at)


def describe_end(exit_code: int | None, signal: int | None) -> str | None:
    """``exit code 3`` or ``ended by signal 9 (SIGKILL)``; None if neither says anything bad."""
    if signal is not None:
        try:
            return f"ended by signal {signal} ({Signals(signal).name})"
        except ValueError:
            return f"ended by signal {signal}"
    return f"exit code {exit_code}" if exit_code else None


def _blank(record: JobRecord) -> JobRecord:
    return JobRecord(
        id=record.id,
        name=record.name,
        target=record.target,
        status=JobStatus.NEW,
        created_at=record.created_at,
        subjobs=record.subjobs,
        postprocessed=record.postprocessed,
        # Only who asked for it can take it back: what runs again without being asked is to be killed all the same.
        kill_requested_by=record.kill_requested_by,
    )


def _open_to(record: JobRecord, seen: Observation) -> bool:
    """Whether what was seen may follow what is known: an end that is being seen to is known already."""
    if record.status is JobStatus.COMPLETING:
        return False
    return _shown(seen) is record.status or may_follow(record.status, _shown(seen))


def _shown(seen: Observation) -> JobStatus:
    return JobStatus.COMPLETING if seen.status.final else seen.status


def _apply(record: JobRecord, seen: Observation, at: Utc) -> JobRecord:
    status = _shown(seen)
    started_at = _first(seen.started_at, record.started_at, at if status is JobStatus.RUNNING else None)
    told = replace(
        record,
        status=status,
        native_status=seen.native_status,
        reason=seen.reason if status is not record.status else seen.reason or record.reason,
        confirmed_at=at,
        silent_since=None,
        restart=seen.restart,
        # What has started was accepted before, also if we heard of the start first.
        submitted_at=min((time for time in (record.submitted_at, started_at) if time is not None), default=None),
        started_at=started_at,
        place=_first(seen.place, record.place),
        peak_memory=_first(seen.peak_memory, record.peak_memory),
        cpu_time=_first(seen.cpu_time, record.cpu_time),
    )
    if status is JobStatus.COMPLETING:
        return _end(told, seen, at)
    # A job that was lost and is found again has not ended.
    return replace(told, ended_at=None, outcome=None) if record.status is JobStatus.LOST else told


def _too_soon(record: JobRecord, seen: Observation, at: Utc) -> bool:
    """Whether all that is new is yet another reason, a short while after the last news."""
    if record.reason is None or record.confirmed_at is None or at - record.confirmed_at >= REASON_PAUSE:
        return False
    return nothing_new(replace(record, reason=seen.reason), seen)


def _end(record: JobRecord, seen: Observation, at: Utc) -> JobRecord:
    outcome, reason = seen.status, seen.reason or describe_end(seen.exit_code, seen.signal)
    if record.kill_requested_by is not None and seen.status is JobStatus.FAILED and seen.signal is not None:
        outcome = JobStatus.KILLED
    if outcome is JobStatus.KILLED and record.kill_requested_by is not None:
        reason = f"killed as {record.kill_requested_by} asked"
    return replace(
        record,
        outcome=outcome,
        reason=reason,
        exit_code=seen.exit_code,
        signal=seen.signal,
        ended_at=_first(seen.ended_at, at),
    )


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)
