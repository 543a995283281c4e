"""What the SQLite store reads: functions of a connection, each called in one read transaction."""

from collections.abc import Collection, Mapping, Sequence
from sqlite3 import Connection

import msgspec

from ganga.model.budget import Budget
from ganga.model.event import Event
from ganga.model.ids import BudgetName, JobId, NativeId, Seq, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.store import statements
from ganga.store.base import Holder, Query
from ganga.store.choosing import choose, chosen_numbers, counts, is_narrow
from ganga.store.keys import WHOLE, Key, key_of
from ganga.store.rows import event_of, holder_of, plain_record, record_of, state_of, status_of
from ganga.store.rules import check_kept, unknown
from ganga.store.storable import decode_share, decode_spec, storable_text

_LARGEST = 2**63 - 1
_decode_record = msgspec.json.Decoder(JobRecord).decode
_decode_budget = msgspec.json.Decoder(Budget).decode


def get(connection: Connection, jobs: Sequence[JobId]) -> list[JobRecord]:
    """See `Store.get`."""
    return [one(connection, job) for job in jobs]


def one(connection: Connection, job: JobId) -> JobRecord:
    """The record of a job. Raises `UnknownJob`."""
    row = connection.execute(statements.RECORD, key_of(job)).fetchone()
    if row is None:
        raise unknown(job)
    return record_of(row)


def select(connection: Connection, query: Query, after: JobId | None, limit: int) -> list[JobRecord]:
    """See `Store.select`."""
    if is_narrow(query):
        numbers = chosen_numbers(connection, query, after, limit)
        return [_record_at(connection, (number, WHOLE)) for number in numbers]
    return list(map(record_of, choose(connection, query, after, limit)))


def count(connection: Connection, query: Query) -> Mapping[JobStatus, int]:
    """See `Store.count`."""
    return {status_of(word): number for word, number in counts(connection, query).items()}


def specifications(connection: Connection, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
    """See `Store.specifications`."""
    specs: dict[int, JobSpec] = {}
    found = {}
    for job in jobs:
        key = key_of(job)
        row = connection.execute(statements.SHARE, key).fetchone()
        if row is not None:
            if key[0] not in specs:
                specs[key[0]] = decode_spec(connection.execute(statements.SPECIFICATION, key[:1]).fetchone()[0])
            found[job] = specs[key[0]], Share() if row[0] is None else decode_share(row[0])
    return found


def attempts(connection: Connection, job: JobId) -> list[JobRecord]:
    """See `Store.attempts`."""
    return [_decode_record(encoded) for (encoded,) in connection.execute(statements.ATTEMPTS, key_of(job))]


def events(connection: Connection, after: Seq, limit: int, job: JobId | None) -> list[Event]:
    """See `Store.events`."""
    (forgotten,) = connection.execute(statements.FORGOTTEN).fetchone()
    check_kept(after, forgotten)
    behind = (min(max(after, forgotten), _LARGEST), limit)
    if job is None:
        rows = connection.execute(statements.EVENTS, behind)
    else:
        number, index = key_of(job)
        if index == WHOLE:
            rows = connection.execute(statements.EVENTS_OF_FAMILY, (number, *behind))
        else:
            rows = connection.execute(statements.EVENTS_OF_ONE, (number, index, *behind))
    return list(map(event_of, rows))


def last_seq(connection: Connection) -> Seq:
    """See `Store.last_seq`."""
    return Seq(connection.execute(statements.LAST_SEQ).fetchone()[0])


def live(connection: Connection, target: TargetName, after: JobId | None, limit: int) -> list[JobRecord]:
    """See `Store.live`. The few jobs with more to tell than most are read one by one."""
    number, index = (0, WHOLE) if after is None else key_of(after)
    target = TargetName(storable_text(target))
    behind = {"target": target, "job": number, "subjob": index, "limit": limit}
    rows = connection.execute(statements.LIVE_PAGE, behind).fetchall()
    return [plain_record(row, target) if row[-1] else _record_at(connection, row[:2]) for row in rows]


def handed_over(connection: Connection, target: TargetName) -> frozenset[JobId]:
    """See `Store.handed_over`."""
    rows = connection.execute(statements.HANDED_OVER, (storable_text(target),))
    return frozenset(job_id(number, None if index == WHOLE else index) for number, index in rows)


def families(
    connection: Connection, target: TargetName, parents: Collection[JobId] | None
) -> dict[JobId, dict[JobStatus, int]]:
    """See `Store.families`."""
    target = TargetName(storable_text(target))
    if parents is None:
        numbers = [number for (number,) in connection.execute(statements.LIVE_PARENTS, {"target": target})]
    else:
        numbers = [key[0] for key in map(key_of, parents) if _is_parent(connection, key, target)]
    return {
        job_id(number): {status_of(word): many for word, many in connection.execute(statements.FAMILY, (number,))}
        for number in numbers
    }


def concerned(connection: Connection, job: JobId, after: JobId | None, limit: int) -> list[JobRecord]:
    """See `Store.concerned`."""
    number, index = key_of(job)
    behind = (0, WHOLE) if after is None else key_of(after)
    if index != WHOLE:
        row = connection.execute(statements.RECORD, (number, index)).fetchone()
        return [] if row is None or (number, index) <= behind else [record_of(row)]
    if behind[0] > number:
        return []
    first = WHOLE - 1 if after is None or behind[0] < number else behind[1]
    return list(map(record_of, connection.execute(statements.CONCERNED, (number, first, limit))))


def ended(connection: Connection, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
    """See `Store.ended`."""
    target = TargetName(storable_text(target))
    found = {}
    for native_id in native_ids:
        row = connection.execute(statements.ENDED_JOB, (target, storable_text(native_id))).fetchone()
        if row is not None:
            found[native_id] = record_of(row)
    return found


def target_states(connection: Connection) -> dict[TargetName, TargetState]:
    """See `Store.target_states`."""
    states = map(state_of, connection.execute(statements.STATES))
    return {state.name: state for state in states}


def holder(connection: Connection, target: TargetName) -> Holder | None:
    """See `Store.holder`."""
    row = connection.execute(statements.HOLDER, (storable_text(target),)).fetchone()
    return None if row is None else holder_of(row)


def budgets(connection: Connection, names: Collection[BudgetName] | None) -> dict[BudgetName, Budget]:
    """See `Store.budgets`."""
    found = connection.execute(statements.BUDGETS).fetchall()
    return {name: _decode_budget(encoded) for name, encoded in found if names is None or name in names}


def budget(connection: Connection, name: BudgetName) -> Budget | None:
    """The budget of this name, if it was ever written."""
    row = connection.execute(statements.BUDGET, (name,)).fetchone()
    return None if row is None else _decode_budget(row[0])


def _record_at(connection: Connection, key: Key) -> JobRecord:
    return record_of(connection.execute(statements.RECORD, key).fetchone())


def _is_parent(connection: Connection, key: Key, target: TargetName) -> bool:
    number, index = key
    return index == WHOLE and connection.execute(statements.IS_PARENT, (number, target)).fetchone() is not None
