"""What leaves a SQLite store and comes into it: functions of a connection, each called in one transaction."""

from collections.abc import Collection
from sqlite3 import Connection

import msgspec

from ganga.model.ids import JobId, Seq, TargetName, job_id
from ganga.store import statements
from ganga.store.base import Query
from ganga.store.choosing import choose
from ganga.store.keys import WHOLE, key_of
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.store.reading import attempts, last_seq, target_states
from ganga.store.rows import Row, event_row, place_of, record_of, state_row
from ganga.store.rules import check_load, check_open, check_step, not_whole
from ganga.store.storable import encode, encode_share, encode_spec
from ganga.store.stored import stored_job, stored_row

_decode_passage = msgspec.json.Decoder(Passage).decode
_EVERY = Query(subjobs=True)


def head(connection: Connection) -> Head:
    """See `Store.head`."""
    store_id, forgotten, passage = connection.execute(statements.HEAD).fetchone()
    last_job = connection.execute(statements.LAST_JOB).fetchone()
    return Head(
        id=store_id,
        last_job=0 if last_job is None else last_job[0],
        last_seq=last_seq(connection),
        forgotten=forgotten,
        passage=None if passage is None else _decode_passage(passage),
    )


def check_writable(connection: Connection, location: str) -> None:
    """Raise `StoreUnavailable` for a store that takes part in a move."""
    (passage,) = connection.execute(statements.PASSAGE).fetchone()
    if passage is not None:
        check_open(location, _decode_passage(passage))


def stored_targets(connection: Connection) -> list[StoredTarget]:
    """See `Store.stored_targets`."""
    states = target_states(connection)
    epochs: dict[TargetName, int] = dict(connection.execute(statements.EPOCHS).fetchall())
    names = sorted({*states, *epochs})
    return [StoredTarget(name=name, epoch=epochs.get(name, 0), state=states.get(name)) for name in names]


def dump(connection: Connection, after: JobId | None, limit: int) -> list[StoredJob]:
    """See `Store.dump`."""
    return [_stored(connection, row) for row in choose(connection, _EVERY, after, limit, statements.DUMP)]


def load(connection: Connection, portion: Portion, passage: Passage | None, location: str) -> str:
    """See `Store.load`. Returns the id that the store has now."""
    here = head(connection)
    used = connection.execute(statements.IS_USED).fetchone()[0] == 1
    check_load(location, here, portion.head, passage, used=used)
    if portion.head is not None:
        _take_head(connection, portion.head)
    connection.executemany(statements.LOAD_EPOCH, ((target.name, target.epoch) for target in portion.targets))
    states = [target.state for target in portion.targets if target.state is not None]
    connection.executemany(statements.LOAD_STATE, ((*state_row(state), state.paused) for state in states))
    _load_jobs(connection, portion.jobs)
    connection.executemany(statements.LOAD_EVENT, map(event_row, portion.events))
    if passage is not None:
        connection.execute(statements.WRITE_PASSAGE, (encode(passage),))
    return here.id if portion.head is None else portion.head.id


def pass_over(connection: Connection, passage: Passage | None, location: str) -> None:
    """See `Store.pass_over`."""
    check_step(location, head(connection).passage, passage)
    connection.execute(statements.WRITE_PASSAGE, (None if passage is None else encode(passage),))
    if passage is not None and passage.step is Step.LEAVING:
        connection.execute(statements.RELEASE_ALL)


def prune(connection: Connection, jobs: Collection[JobId], as_of: Seq, limit: int) -> bool:
    """See `Store.prune`. A job that is to go is doomed first, and no longer seen; its rows go as there is room."""
    room = _sweep(connection, limit)
    for job in jobs:
        if room <= 0:
            return True
        if _doom(connection, job, as_of):
            room = _sweep(connection, room)
    return connection.execute(statements.DOOMED).fetchone() is not None


def forget_events(connection: Connection, up_to: Seq, limit: int) -> bool:
    """See `Store.forget_events`."""
    up_to = min(up_to, last_seq(connection))
    (first,) = connection.execute(statements.FIRST_SEQ).fetchone()
    end = up_to if first is None else min(up_to, first + limit - 1)
    connection.execute(statements.FORGET_EVENTS, (end,))
    connection.execute(statements.WRITE_FORGOTTEN, (end,))
    return end < up_to


def _stored(connection: Connection, row: Row) -> StoredJob:
    *columns, followed = row
    ends = attempts(connection, job_id(row[0], None if row[1] == WHOLE else row[1])) if followed else ()
    return stored_job(tuple(columns), ends)


def _take_head(connection: Connection, there: Head) -> None:
    connection.execute(statements.WRITE_HEAD, (there.id, there.forgotten))
    # There is a row once a job was created.
    if not connection.execute(statements.RAISE_LAST_JOB, (there.last_job,)).rowcount:
        connection.execute(statements.WRITE_LAST_JOB, (there.last_job,))


def _load_jobs(connection: Connection, jobs: Collection[StoredJob]) -> None:
    keys = [place_of(job.record.id) for job in jobs]
    whole = [(key[0], job.spec) for key, job in zip(keys, jobs, strict=True) if job.spec is not None]
    connection.executemany(statements.SPARE, ((number,) for number, _ in whole))
    connection.executemany(statements.LOAD_SPECIFICATION, ((number, encode_spec(spec)) for number, spec in whole))
    connection.executemany(statements.LOAD_JOB, map(stored_row, jobs))
    shares = ((*key, encode_share(job.share)) for key, job in zip(keys, jobs, strict=True))
    connection.executemany(statements.LOAD_SHARE, (row for row in shares if row[-1]))
    ends = ((*key, end.attempt, encode(end)) for key, job in zip(keys, jobs, strict=True) for end in job.attempts)
    connection.executemany(statements.LOAD_ATTEMPT, ends)


def _doom(connection: Connection, job: JobId, as_of: Seq) -> bool:
    """Take the job from sight if it may be forgotten; its subjobs are then no longer seen either."""
    number, index = key_of(job)
    if index != WHOLE:
        raise not_whole(job)
    row = connection.execute(statements.RECORD, (number, index)).fetchone()
    if row is None or not record_of(row).status.final:
        return False
    target = record_of(row).target
    if connection.execute(statements.IS_NEEDED, {"target": target, "job": number, "seq": as_of}).fetchone()[0]:
        return False
    connection.execute(statements.DOOM, (number,))
    return True


def _sweep(connection: Connection, room: int) -> int:
    """Delete rows of doomed jobs, as many as there is room for. Returns the room that is left."""
    for (number,) in connection.execute(statements.DOOMED).fetchall():
        (first,) = connection.execute(statements.FIRST_ROW, (number,)).fetchone()
        if first is not None:
            behind = (number, first + room)
            for statement in statements.SWEEP_REST:
                connection.execute(statement, behind)
            room -= connection.execute(statements.SWEEP_JOBS, behind).rowcount
        if room <= 0:
            break
        connection.execute(statements.SWEEP_SPECIFICATION, (number,))
        connection.execute(statements.SPARE, (number,))
    return room
