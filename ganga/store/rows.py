"""Records as rows and rows as records.

Written out field by field, since this is where the time goes when a monitor takes over 10,000 jobs: a call with
keywords takes half as long as any way through a dictionary.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from ganga.errors import StoreDamaged
from ganga.model.event import Event, EventKind
from ganga.model.identity import Identity
from ganga.model.ids import JobId, TargetName, number_and_index
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from ganga.store.base import Holder
from ganga.store.keys import WHOLE, Key
from ganga.store.storable import encode

Row = tuple[Any, ...]  # what a column holds, only its database knows

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Words(dict[_Key, _Value]):
    """What the words in the store mean."""

    def __missing__(self, word: object) -> _Value:
        raise StoreDamaged(f"the store holds the word {word!r}, which means nothing; restore the store from a copy")


#: As plain text: SQLite's adapters would look twice at a subclass.
_WORD: dict[JobStatus | None, str | None] = {None: None, **{status: status.value for status in JobStatus}}
_STATUS: dict[str, JobStatus] = _Words({status.value: status for status in JobStatus})
_STATUS_OR_NONE: dict[str | None, JobStatus | None] = _Words({None: None})
_STATUS_OR_NONE.update(_STATUS)
_KIND: dict[str, EventKind] = _Words({kind.value: kind for kind in EventKind})

_decode_identity = msgspec.json.Decoder(Identity).decode

# Columns and rows of jobs

JOB_COLUMNS = (
    "job, subjob, name, target, status, created_at, subjobs, attempt, native_id, native_status, exit_code, signal, "
    "reason, outcome, submitted_at, started_at, ended_at, confirmed_at, silent_since, place, peak_memory, cpu_time, "
    "restart, kill_requested_by, wanted_attempt, postprocessed"
)


#: What the column `handed_over` holds where no attempt was handed over.
NOT_HANDED_OVER = -1


def record_of(row: Row) -> JobRecord:
    """The record in a row of `JOB_COLUMNS`."""
    (
        job,
        subjob,
        name,
        target,
        status,
        created_at,
        subjobs,
        attempt,
        native_id,
        native_status,
        exit_code,
        signal,
        reason,
        outcome,
        submitted_at,
        started_at,
        ended_at,
        confirmed_at,
        silent_since,
        place,
        peak_memory,
        cpu_time,
        restart,
        kill_requested_by,
        wanted_attempt,
        postprocessed,
    ) = row
    return JobRecord(
        id=JobId(str(job) if subjob < 0 else f"{job}.{subjob}"),
        name=name,
        target=target,
        status=_STATUS[status],
        created_at=created_at,
        subjobs=subjobs,
        attempt=attempt,
        native_id=native_id,
        native_status=native_status,
        exit_code=exit_code,
        signal=signal,
        reason=reason,
        outcome=_STATUS_OR_NONE[outcome],
        submitted_at=submitted_at,
        started_at=started_at,
        ended_at=ended_at,
        confirmed_at=confirmed_at,
        silent_since=silent_since,
        place=place,
        peak_memory=peak_memory,
        cpu_time=cpu_time,
        restart=restart,
        kill_requested_by=kill_requested_by,
        wanted_attempt=wanted_attempt,
        postprocessed=postprocessed == 1,
    )


#: Most live jobs have nothing to tell but this; then `plain` is true. Fewer columns, and no more keywords than the 15
#: from which on a call takes twice as long, save a third of the time of a takeover.
PLAIN_COLUMNS = """
    job, subjob, name, status, created_at, attempt, native_id, native_status, reason, submitted_at, started_at,
    confirmed_at, place, wanted_attempt, coalesce(
        subjobs, exit_code, signal, outcome, ended_at, silent_since, peak_memory, cpu_time, kill_requested_by
    ) IS NULL AND restart = 0 AND postprocessed = 0 AS plain
"""


def plain_record(row: Row, target: TargetName) -> JobRecord:
    """The record in a row of `PLAIN_COLUMNS` in which `plain` is true."""
    (
        job,
        subjob,
        name,
        status,
        created_at,
        attempt,
        native_id,
        native_status,
        reason,
        submitted_at,
        started_at,
        confirmed_at,
        place,
        wanted_attempt,
        _,
    ) = row
    return JobRecord(
        id=JobId(str(job) if subjob < 0 else f"{job}.{subjob}"),
        name=name,
        target=target,
        status=_STATUS[status],
        created_at=created_at,
        attempt=attempt,
        native_id=native_id,
        native_status=native_status,
        reason=reason,
        submitted_at=submitted_at,
        started_at=started_at,
        confirmed_at=confirmed_at,
        place=place,
        wanted_attempt=wanted_attempt,
    )


def new_row(record: JobRecord) -> Row:
    """The row of `JOB_COLUMNS` for a record."""
    number, index = place_of(record.id)
    fields = _after_id(record)
    return (number, index, *(field.value if isinstance(field, JobStatus) else field for field in fields))


def changed_row(record: JobRecord) -> Row:
    """What `statements.WRITE_RECORD` asks for."""
    number, index = place_of(record.id)
    return (
        _WORD[record.status],
        record.attempt,
        record.native_id,
        record.native_status,
        record.exit_code,
        record.signal,
        record.reason,
        _WORD[record.outcome],
        record.submitted_at,
        record.started_at,
        record.ended_at,
        record.confirmed_at,
        record.silent_since,
        record.place,
        record.peak_memory,
        record.cpu_time,
        record.restart,
        record.wanted_attempt,
        record.attempt,
        number,
        index,
    )


def place_of(job: JobId) -> Key:
    """The key of an id that is known to be one; `key_of` takes any text."""
    number, index = number_and_index(job)
    return number, WHOLE if index is None else index


def status_of(word: str) -> JobStatus:
    """The status that is stored as this word."""
    return _STATUS[word]


# Columns and rows of events

EVENT_COLUMNS = "seq, at, kind, target, job, subjob, old, new, attempt, reason"


def event_of(row: Row) -> Event:
    """The event in a row of `EVENT_COLUMNS`."""
    seq, at, kind, target, job, subjob, old, new, attempt, reason = row
    return Event(
        at=at,
        kind=_KIND[kind],
        target=target,
        job=None if job is None else JobId(str(job) if subjob < 0 else f"{job}.{subjob}"),
        old=_STATUS_OR_NONE[old],
        new=_STATUS_OR_NONE[new],
        attempt=attempt,
        reason=reason,
        seq=seq,
    )


def event_row(event: Event) -> Row:
    """The row of `EVENT_COLUMNS` for a numbered event."""
    number, index = (None, None) if event.job is None else place_of(event.job)
    return (
        event.seq,
        event.at,
        event.kind.value,
        event.target,
        number,
        index,
        _WORD[event.old],
        _WORD[event.new],
        event.attempt,
        event.reason,
    )


# Columns and rows of targets and leases

STATE_COLUMNS = "name, confirmed_at, down_since, error, cursor, stuck_threads, paused, identity, expiry_told"


def state_of(row: Row) -> TargetState:
    """The state in a row of `STATE_COLUMNS`."""
    name, confirmed_at, down_since, error, cursor, stuck_threads, paused, identity, expiry_told = row
    return TargetState(
        name=name,
        confirmed_at=confirmed_at,
        down_since=down_since,
        error=error,
        cursor=cursor,
        stuck_threads=stuck_threads,
        paused=paused == 1,
        identity=None if identity is None else _decode_identity(identity),
        expiry_told=expiry_told == 1,
    )


def state_row(state: TargetState) -> Row:
    """What `statements.WRITE_STATE` asks for."""
    return (
        state.name,
        state.confirmed_at,
        state.down_since,
        state.error,
        state.cursor,
        state.stuck_threads,
        None if state.identity is None else encode(state.identity),
        state.expiry_told,
    )


def holder_of(row: Row) -> Holder:
    """The holder in a row of target, owner, epoch and beat."""
    return Holder(*row)


_after_id: Callable[[JobRecord], Iterable[object]] = attrgetter(*JobRecord.__struct_fields__[1:])
