"""What the PostgreSQL store writes: functions of a transaction, each of which ends it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final

import psycopg
from msgspec.structs import replace
from psycopg import errors

from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord
from ganga.model.update import Update
from ganga.store.base import Holder, Lease
from ganga.store.creation import created
from ganga.store.keys import WHOLE, Key, key_of
from ganga.store.postgres import statements
from ganga.store.postgres.failures import LEASE_LOST
from ganga.store.postgres.reading import known, places
from ganga.store.postgres.text import json_rows
from ganga.store.postgres.transaction import Transaction
from ganga.store.rows import EVENT_COLUMNS, JOB_COLUMNS, Row, changed_row, event_row, new_row, place_of, state_row
from ganga.store.rules import check_removable, lease_lost, not_whole
from ganga.store.storable import encode, storable_text

#: Seconds that a row may take on a machine that is busy with other things.
ROW: Final = 0.001


async def create(
    transaction: Transaction, record: JobRecord, spec: bytes, shares: Sequence[bytes], at: Utc, *, checked: bool
) -> None:
    """Write a job with its subjobs; `checked` is whether these have checkers."""
    transaction.takes(len(shares) * ROW)
    job = {"owner": transaction.owner, "job": place_of(record.id)[0]}
    await transaction.execute(statements.NEW_SPECIFICATION, {**job, "specification": spec})
    await transaction.execute(statements.NEW_JOB, {**job, "rows": json_of(JOB_COLUMNS, [new_row(record)])})
    if shares:
        await transaction.execute(statements.NEW_SUBJOBS, {**job, "many": len(shares), "postprocessed": checked})
    if any(shares):
        await transaction.execute(statements.NEW_SHARES, {**job, "shares": list(shares)})
    await _tell(transaction, [created(record, at)])
    await transaction.commit()


async def request_kill(transaction: Transaction, jobs: Collection[JobId], by: str, at: Utc) -> list[JobId]:
    """See `Store.request_kill`."""
    alive = [record for record in await _known(transaction, jobs) if not record.status.final]
    told: list[JobRecord] = []
    for whole, some in _alike(alive):
        statement = statements.KILL_FAMILIES if whole else statements.KILL_ONES
        told += await _changed(transaction, statement, some, by=by)
    await _tell(transaction, [_request(EventKind.KILL_REQUESTED, record, at, by) for record in told])
    await transaction.commit()
    return [record.id for record in alive]


async def withdraw_kill(transaction: Transaction, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.withdraw_kill`."""
    told: list[JobRecord] = []
    for _, some in _alike(await _known(transaction, jobs)):
        spared = await _changed(transaction, statements.SPARE, some)
        await _forget_kill(transaction, spared)
        told += spared
    await _tell(transaction, [_request(EventKind.KILL_WITHDRAWN, record, at) for record in told])
    await transaction.commit()


async def request_submit(transaction: Transaction, jobs: Collection[JobId], at: Utc) -> list[JobId]:
    """See `Store.request_submit`."""
    told: list[JobRecord] = []
    for whole, some in _alike(await _known(transaction, jobs)):
        statement = statements.SUBMIT_FAMILIES if whole else statements.SUBMIT_ONES
        told += await _changed(transaction, statement, some)
    await _forget_kill(transaction, told)
    await _tell(transaction, [_request(EventKind.SUBMIT_REQUESTED, record, at) for record in told])
    await transaction.commit()
    return [record.id for record in told]


async def request_refresh(transaction: Transaction, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.request_refresh`."""
    found = await _known(transaction, jobs)
    await _tell(transaction, [_request(EventKind.REFRESH_REQUESTED, record, at) for record in found])
    await transaction.commit()


async def pause(transaction: Transaction, target: TargetName, by: str, at: Utc, *, paused: bool) -> None:
    """See `Store.pause`."""
    values = {"owner": transaction.owner, "target": target, "paused": paused}
    was = await transaction.rows(statements.PAUSED, values)
    await transaction.execute(statements.WRITE_PAUSED, values)
    if paused is not any(row[0] for row in was):
        kind = EventKind.TARGET_PAUSED if paused else EventKind.TARGET_RESUMED
        await _tell(transaction, [Event(at=at, kind=kind, target=target, reason=by)])
    await transaction.commit()


async def remove(transaction: Transaction, jobs: Collection[JobId], at: Utc) -> None:
    """See `Store.remove`."""
    found = await _known(transaction, jobs)
    for record in found:
        if place_of(record.id)[1] != WHOLE:
            raise not_whole(record.id)
        check_removable(record)
    values = {"owner": transaction.owner, "numbers": [place_of(record.id)[0] for record in found]}
    for statement in statements.REMOVALS:
        await transaction.execute(statement, values)
    await _tell(transaction, [_request(EventKind.JOB_REMOVED, record, at) for record in found])
    await transaction.commit()


async def save(transaction: Transaction, update: Update, lease: Lease) -> tuple[Event, ...]:
    """See `Store.save`."""
    transaction.takes(len(update.records) * ROW)
    with _under(lease):
        await _hold(transaction, lease)
        await _write_records(transaction, update)
        if update.state is not None:
            await transaction.execute(statements.WRITE_STATE, (*state_row(update.state), transaction.owner))
        await _tell(transaction, update.events)
        last = await transaction.commit()
    first = 1 if last is None else last - len(update.events) + 1
    return tuple(replace(event, seq=Seq(seq)) for seq, event in enumerate(update.events, first))


async def hand_over(transaction: Transaction, jobs: Collection[JobId], lease: Lease) -> None:
    """See `Store.hand_over`."""
    with _under(lease):
        await _hold(transaction, lease)
        keys = sorted(set(map(key_of, jobs)))
        await transaction.execute(statements.HAND_OVER, {"owner": transaction.owner, **places(keys)})
        await transaction.commit()


async def acquire(transaction: Transaction, target: TargetName, holder: str, instead_of: Holder | None) -> Lease | None:
    """See `Store.acquire`."""
    old = instead_of if instead_of is not None and instead_of.target == target else None
    values = {
        "owner": transaction.owner,
        "writer": transaction.writer,
        "target": target,
        "holder": holder,
        "old": None if old is None else storable_text(old.owner),
        "epoch": None if old is None else old.epoch,
        "beat": None if old is None else old.beat,
    }
    await transaction.execute(statements.TAKE_LEASE, values)
    epoch = await transaction.commit()
    return None if epoch is None else Lease(target, epoch)


async def renew(transaction: Transaction, lease: Lease) -> None:
    """See `Store.renew`."""
    await transaction.execute(statements.RENEW_LEASE, _of_lease(transaction, lease))
    if await transaction.commit() is None:
        raise lease_lost(lease)


async def release(transaction: Transaction, lease: Lease) -> None:
    """See `Store.release`."""
    await transaction.execute(statements.RELEASE_LEASE, _of_lease(transaction, lease))
    await transaction.commit()


async def _known(transaction: Transaction, jobs: Collection[JobId]) -> list[JobRecord]:
    """The jobs, each once, as they stay until the transaction ends."""
    different = list(dict.fromkeys(jobs))
    values = {"owner": transaction.owner, **places(list(map(key_of, different)))}
    await transaction.execute(statements.LOCK, values)
    records = known(different, await transaction.rows(statements.RECORDS, values))
    transaction.takes(sum(record.subjobs or 0 for record in records) * ROW)
    return records


def _alike(records: Iterable[JobRecord]) -> Iterator[tuple[bool, list[JobRecord]]]:
    """In order, as far as they are all whole jobs or all subjobs: the one must not stand beside the other, since what
    is asked of a job is asked of its subjobs.
    """
    for whole, some in groupby(records, key=lambda record: place_of(record.id)[1] == WHOLE):
        yield whole, list(some)


async def _changed(
    transaction: Transaction, statement: str, records: Sequence[JobRecord], **values: object
) -> list[JobRecord]:
    """Those of the jobs of which the statement has changed something."""
    keys: list[Key] = [place_of(record.id) for record in records]
    changed = set(await transaction.rows(statement, {"owner": transaction.owner, **places(keys), **values}))
    return [record for record, key in zip(records, keys, strict=True) if key in changed]


async def _forget_kill(transaction: Transaction, records: Sequence[JobRecord]) -> None:
    if records:
        numbers = [place_of(record.id)[0] for record in records]
        await transaction.execute(statements.FORGET_KILL, {"owner": transaction.owner, "numbers": numbers})


async def _hold(transaction: Transaction, lease: Lease) -> None:
    await transaction.execute(statements.HOLD, (transaction.owner, storable_text(lease.target), lease.epoch))


async def _write_records(transaction: Transaction, update: Update) -> None:
    owner = {"owner": transaction.owner}
    if update.records:
        rows = json_of(statements.CHANGED, map(changed_row, update.records))
        await transaction.execute(statements.WRITE_RECORDS, {**owner, "rows": rows})
    if update.attempts:
        await transaction.execute(statements.WRITE_ATTEMPTS, {**owner, **ends_of(update.attempts)})


@contextmanager
def _under(lease: Lease) -> Iterator[None]:
    """What the server says of a lease, and of integers and text that are too long, as any store says it."""
    try:
        yield
    except (errors.NumericValueOutOfRange, errors.CheckViolation) as error:
        raise OverflowError(str(error)) from error
    except psycopg.Error as error:
        if error.sqlstate == LEASE_LOST:
            raise lease_lost(lease) from error
        raise


async def _tell(transaction: Transaction, events: Sequence[Event]) -> None:
    """Number the events; the last statement but for the end."""
    if not events:
        return
    rows = json_of(EVENT_COLUMNS, (event_row(replace(event, seq=Seq(place))) for place, event in enumerate(events, 1)))
    values = {"owner": transaction.owner, "writer": transaction.writer, "many": len(events), "rows": rows}
    await transaction.execute(statements.TELL, values)
    transaction.tells()


def _of_lease(transaction: Transaction, lease: Lease) -> dict[str, object]:
    return {
        "owner": transaction.owner,
        "writer": transaction.writer,
        "target": storable_text(lease.target),
        "epoch": lease.epoch,
    }


def _request(kind: EventKind, job: JobRecord, at: Utc, reason: str | None = None) -> Event:
    return Event(at=at, kind=kind, target=job.target, job=job.id, reason=reason)


def json_of(columns: str, rows: Iterable[Row]) -> str:
    """The rows as `statements.given` asks for them."""
    names = columns.split(", ")
    return json_rows([dict(zip(names, row, strict=True)) for row in rows])


def ends_of(records: Iterable[JobRecord]) -> dict[str, object]:
    """The ends of attempts as `statements.ENDS` asks for them, each place and attempt once."""
    ends = {(*place_of(record.id), record.attempt): record for record in records}
    return {
        **places([(number, index) for number, index, _ in ends]),
        "attempts": [attempt for _, _, attempt in ends],
        "records": [encode(record).decode() for record in ends.values()],
    }
