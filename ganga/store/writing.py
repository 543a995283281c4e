"""What the SQLite store writes: functions of a connection, each called in one write transaction."""

from collections.abc import Callable, Collection, Sequence
from sqlite3 import Connection
from time import time

from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import BudgetName, JobId, Seq, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.update import Update
from ganga.store import statements
from ganga.store.base import Adopted, BudgetChange, Holder, Lease, NewJob, ResultT
from ganga.store.creation import adopted_record, created, first_record
from ganga.store.keys import WHOLE, key_of
from ganga.store.reading import budget, get, holder, last_seq, target_states
from ganga.store.rows import changed_row, event_row, new_row, place_of, state_row
from ganga.store.rules import check_removable, lease_lost, not_whole
from ganga.store.storable import encode, storable_struct

Place = Callable[[JobId], None]


def create(
    connection: Connection, job: NewJob, spec: bytes, shares: Sequence[bytes], at: Utc, place: Place | None
) -> JobRecord:
    """See `Store.create`; the specification and the shares are encoded."""
    number = _next_number(connection, spec)
    record = first_record(number, job, at)
    if place is not None:
        place(record.id)
    connection.execute(statements.NEW_JOB, new_row(record))
    if shares:
        connection.execute(statements.NEW_SUBJOBS, (len(shares), bool(job.spec.checkers), number))
        rows = ((number, index, share) for index, share in enumerate(shares) if share)
        connection.executemany(statements.NEW_SHARE, rows)
    _tell(connection, [created(record, at)])
    return record


def adopt(connection: Connection, job: Adopted, spec: bytes, at: Utc, place: Place | None) -> JobRecord:
    """See `Store.adopt`; the specification is encoded."""
    record = adopted_record(_next_number(connection, spec), job)
    if place is not None:
        place(record.id)
    connection.execute(statements.NEW_JOB, new_row(record))
    _tell(connection, [created(record, at)])
    return record


def request_kill(connection: Connection, jobs: Collection[JobId], by: str, at: Utc) -> list[JobId]:
    """See `Store.request_kill`."""
    alive = [record for record in _known(connection, jobs) if not record.status.final]
    for record in alive:
        number, index = place_of(record.id)
        if index == WHOLE:
            told = connection.execute(statements.KILL_FAMILY, (by, number))
        else:
            told = connection.execute(statements.KILL_ONE, (by, number, index))
        if told.rowcount:
            _tell(connection, [_request(EventKind.KILL_REQUESTED, record, at, by)])
    return [record.id for record in alive]


def withdraw_kill(connection: Connection, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.withdraw_kill`."""
    for record in _known(connection, jobs):
        number, index = place_of(record.id)
        if connection.execute(statements.SPARE_ONE, (number, index)).rowcount:
            connection.execute(statements.FORGET_KILL, (number,))
            _tell(connection, [_request(EventKind.KILL_WITHDRAWN, record, at)])


def request_submit(connection: Connection, jobs: Collection[JobId], at: Utc) -> list[JobId]:
    """See `Store.request_submit`."""
    asked_for = []
    for record in _known(connection, jobs):
        number, index = place_of(record.id)
        if record.subjobs is None:
            submitted = connection.execute(statements.SUBMIT_ONE, (number, index))
        else:
            submitted = connection.execute(statements.SUBMIT_SUBJOBS, (number,))
        if submitted.rowcount:
            connection.execute(statements.FORGET_KILL, (number,))
            _tell(connection, [_request(EventKind.SUBMIT_REQUESTED, record, at)])
            asked_for.append(record.id)
    return asked_for


def request_refresh(connection: Connection, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.request_refresh`."""
    known = _known(connection, jobs)
    _tell(connection, [_request(EventKind.REFRESH_REQUESTED, record, at) for record in known])


def pause(connection: Connection, target: TargetName, by: str, at: Utc, *, paused: bool) -> None:
    """See `Store.pause`."""
    state = target_states(connection).get(target, TargetState(name=target))
    connection.execute(statements.WRITE_PAUSED, (target, paused))
    if state.paused is not paused:
        kind = EventKind.TARGET_PAUSED if paused else EventKind.TARGET_RESUMED
        _tell(connection, [Event(at=at, kind=kind, target=target, reason=by)])


def remove(connection: Connection, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.remove`."""
    for record in _known(connection, jobs):
        number, index = place_of(record.id)
        if index != WHOLE:
            raise not_whole(record.id)
        check_removable(record)
        for statement in statements.REMOVALS:
            connection.execute(statement, (number,))
        _tell(connection, [_request(EventKind.JOB_REMOVED, record, at)])


def save(connection: Connection, update: Update, lease: Lease) -> tuple[Event, ...]:
    """See `Store.save`."""
    _check(connection, lease)
    connection.executemany(statements.WRITE_RECORD, map(changed_row, update.records))
    ends = ((record.attempt, encode(record), *place_of(record.id)) for record in update.attempts)
    connection.executemany(statements.WRITE_ATTEMPT, ends)
    if update.state is not None:
        connection.execute(statements.WRITE_STATE, state_row(update.state))
    return _tell(connection, update.events)


def hand_over(connection: Connection, jobs: Collection[JobId], lease: Lease) -> None:
    """See `Store.hand_over`."""
    _check(connection, lease)
    connection.executemany(statements.HAND_OVER, map(key_of, jobs))


def acquire(connection: Connection, target: TargetName, owner: str, instead_of: Holder | None) -> Lease | None:
    """See `Store.acquire`."""
    if holder(connection, target) not in (None, instead_of):
        return None
    connection.execute(statements.TAKE_LEASE, (target, owner))
    (epoch,) = connection.execute(statements.EPOCH, (target,)).fetchone()
    return Lease(target, epoch)


def renew(connection: Connection, lease: Lease) -> None:
    """See `Store.renew`."""
    if not connection.execute(statements.RENEW_LEASE, (lease.target, lease.epoch)).rowcount:
        raise lease_lost(lease)


def release(connection: Connection, lease: Lease) -> None:
    """See `Store.release`."""
    connection.execute(statements.RELEASE_LEASE, (lease.target, lease.epoch))


def change_budget(connection: Connection, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
    """See `Store.change_budget`."""
    old = budget(connection, name)
    new, result = change(old, time())
    if new != old:
        connection.execute(statements.WRITE_BUDGET, (name, encode(storable_struct(new))))
    return result


def _next_number(connection: Connection, spec: bytes) -> int:
    connection.execute(statements.NEW_NUMBER, (spec,))
    (number,) = connection.execute(statements.LAST_NUMBER).fetchone()
    return int(number)


def _known(connection: Connection, jobs: Collection[JobId]) -> list[JobRecord]:
    return get(connection, list(dict.fromkeys(jobs)))


def _check(connection: Connection, lease: Lease) -> None:
    newest = holder(connection, lease.target)
    if newest is None or newest.epoch != lease.epoch:
        raise lease_lost(lease)


def _request(kind: EventKind, job: JobRecord, at: Utc, reason: str | None = None) -> Event:
    return Event(at=at, kind=kind, target=job.target, job=job.id, reason=reason)


def _tell(connection: Connection, events: Sequence[Event]) -> tuple[Event, ...]:
    if not events:
        return ()
    first = last_seq(connection) + 1
    numbered = tuple(replace(event, seq=Seq(seq)) for seq, event in enumerate(events, first))
    connection.executemany(statements.WRITE_EVENT, map(event_row, numbered))
    return numbered
