"""What leaves an owner's part of the PostgreSQL store, and is forgotten there."""

from collections.abc import Collection, Sequence

import msgspec

from ganga.errors import StoreUnavailable
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord
from ganga.store.keys import WHOLE, key_of
from ganga.store.portion import Head, Passage, StoredJob, StoredTarget
from ganga.store.postgres import keeping_statements as statements
from ganga.store.postgres.reading import Reader
from ganga.store.postgres.transaction import Transaction
from ganga.store.rows import Row
from ganga.store.rules import not_whole
from ganga.store.stored import stored_job

_decode_passage = msgspec.json.Decoder(Passage).decode
_decode_record = msgspec.json.Decoder(JobRecord).decode


async def head(reader: Reader) -> Head:
    """See `Store.head`."""
    return _head(await reader.rows(statements.HEAD), reader.owner)


async def head_within(transaction: Transaction) -> Head:
    """The head as it stands in a transaction."""
    return _head(await transaction.rows(statements.HEAD, {"owner": transaction.owner}), transaction.owner)


def _head(rows: Sequence[Row], owner: str) -> Head:
    if not rows:
        raise StoreUnavailable(f"what {owner} has in the store is no longer shown to this role; see who trusts it")
    [(store_id, last_job, last_seq, forgotten, passage)] = rows
    return Head(
        id=store_id,
        last_job=last_job,
        last_seq=last_seq,
        forgotten=forgotten,
        passage=None if passage is None else _decode_passage(passage),
    )


async def stored_targets(reader: Reader) -> list[StoredTarget]:
    """See `Store.stored_targets`. Of two statements."""
    states = await reader.target_states()
    epochs: dict[TargetName, int] = dict(await reader.rows(statements.EPOCHS))
    names = sorted({*states, *epochs})
    return [StoredTarget(name=name, epoch=epochs.get(name, 0), state=states.get(name)) for name in names]


async def dump(reader: Reader, after: JobId | None, limit: int) -> list[StoredJob]:
    """See `Store.dump`."""
    if after is None:
        rows = await reader.rows(statements.DUMP, limit=limit)
    else:
        number, index = key_of(after)
        rows = await reader.rows(statements.DUMP_BEHIND, job=number, subjob=index, limit=limit)
    return [stored_job(row[:-1], map(_decode_record, row[-1])) for row in rows]


async def prune(transaction: Transaction, jobs: Collection[JobId], as_of: Seq, limit: int) -> bool:
    """See `Store.prune`. A job that is to go is doomed first, and no longer seen; its rows go as there is room."""
    owner = {"owner": transaction.owner}
    numbers = list(map(_number_of, jobs))
    room = limit - await _sweep(transaction, limit)
    sizes = await transaction.rows(statements.FORGETTABLE, {**owner, "as_of": as_of, "numbers": numbers})
    chosen = _fitting(sizes, room)
    if chosen:
        of_jobs = {**owner, "as_of": as_of, "numbers": chosen}
        await transaction.execute(statements.LOCK_FAMILIES, of_jobs)
        await transaction.execute(statements.DOOM, of_jobs)
        await _sweep(transaction, room)
    [(is_left,)] = await transaction.rows(statements.DOOMED, owner)
    await transaction.commit()
    return is_left or len(chosen) < len(sizes)


async def forget_events(transaction: Transaction, up_to: Seq, limit: int) -> bool:
    """See `Store.forget_events`."""
    owner = {"owner": transaction.owner}
    known = await head_within(transaction)
    up_to = min(up_to, known.last_seq)
    [(first,)] = await transaction.rows(statements.FIRST_SEQ, owner)
    end = up_to if first is None else min(up_to, first + limit - 1)
    forgotten = {**owner, "end": end}
    await transaction.execute(statements.FORGET, forgotten)
    await transaction.execute(statements.FORGET_EVENTS, forgotten)
    await transaction.commit()
    return end < up_to


def _number_of(job: JobId) -> int:
    number, index = key_of(job)
    if index != WHOLE:
        raise not_whole(job)
    return number


def _fitting(sizes: Sequence[Row], room: int) -> list[int]:
    """The numbers of the first jobs, until there is no room."""
    chosen: list[int] = []
    for number, size in sizes:
        if room <= 0:
            break
        chosen.append(number)
        room -= size
    return chosen


async def _sweep(transaction: Transaction, room: int) -> int:
    """Delete rows of doomed jobs, as many as there is room for. Returns how many those were."""
    [(many,)] = await transaction.rows(statements.SWEEP, {"owner": transaction.owner, "room": max(room, 0)})
    await transaction.execute(statements.SWEPT, {"owner": transaction.owner})
    return int(many)
