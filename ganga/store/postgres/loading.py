"""What comes into an owner's part of the PostgreSQL store, and how that part leaves: functions of a transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Final

import msgspec
import psycopg

from ganga.errors import UsageError
from ganga.model.event import Event
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.store.postgres import keeping_statements as statements
from ganga.store.postgres.failures import MOVING
from ganga.store.postgres.keeping import head_within
from ganga.store.postgres.reading import places
from ganga.store.postgres.transaction import Transaction
from ganga.store.postgres.writing import ROW, ends_of, json_of
from ganga.store.rows import EVENT_COLUMNS, event_row, place_of, state_row
from ganga.store.rules import check_load, check_open, check_step
from ganga.store.storable import encode, encode_share, encode_spec
from ganga.store.stored import stored_row

#: Seconds that the taking of a number may take.
_NUMBER: Final = 1e-5
#: How many can be taken before the server gives up.
_MOST_NUMBERS: Final = 10_000_000

_decode_passage = msgspec.json.Decoder(Passage).decode


class Moving(Exception):
    """The store takes part in a move; the connection is in order."""

    def __init__(self, passage: Passage) -> None:
        super().__init__()
        self.passage = passage


@contextmanager
def noticing_moves() -> Iterator[None]:
    """Raises `Moving` where the server says so."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == MOVING:
            raise Moving(_decode_passage(error.diag.message_primary or "")) from error
        raise


@contextmanager
def refused_while_moving(location: str) -> Iterator[None]:
    """Raises `StoreUnavailable` for that, as any store does."""
    try:
        yield
    except Moving as moving:
        check_open(location, moving.passage)
        raise


async def load(transaction: Transaction, portion: Portion, passage: Passage | None, location: str) -> str:
    """See `Store.load`. Returns the id that the store has now."""
    if passage is not None:
        await transaction.execute(statements.LOCK, {"owner": transaction.owner})
    here = await head_within(transaction)
    [(is_used,)] = await transaction.rows(statements.IS_USED, {"owner": transaction.owner})
    check_load(location, here, portion.head, passage, used=is_used or here.last_job > 0)
    transaction.takes((len(portion.jobs) + len(portion.events)) * ROW)
    if portion.head is not None:
        await _take_head(transaction, portion.head, location)
    for target in portion.targets:
        await _load_target(transaction, target)
    await _load_jobs(transaction, portion.jobs)
    await _load_events(transaction, portion.events)
    if passage is not None:
        await _write_passage(transaction, passage)
    await transaction.commit()
    return here.id if portion.head is None else portion.head.id


async def pass_over(transaction: Transaction, passage: Passage | None, location: str) -> None:
    """See `Store.pass_over`. It waits for what is being written."""
    await transaction.execute(statements.LOCK, {"owner": transaction.owner})
    check_step(location, (await head_within(transaction)).passage, passage)
    await _write_passage(transaction, passage)
    if passage is not None and passage.step is Step.LEAVING:
        await transaction.execute(statements.RELEASE_ALL, {"owner": transaction.owner})
    await transaction.commit()


async def _take_head(transaction: Transaction, there: Head, location: str) -> None:
    """Be what the other store was, which goes on with the numbers behind those that it has given."""
    owner = {"owner": transaction.owner}
    written = {**owner, "id": there.id, "forgotten": there.forgotten, "last_job": there.last_job}
    await transaction.execute(statements.WRITE_HEAD, written)
    await transaction.execute(statements.RAISE_COUNTER, {**owner, "seq": there.forgotten})
    [(many,)] = await transaction.rows(statements.NUMBERS_LEFT, {"last_job": there.last_job})
    if many > _MOST_NUMBERS:
        raise UsageError(
            f"the jobs of the store {there.id} are numbered up to {there.last_job}, and {location} can number on from "
            f"at most {_MOST_NUMBERS} more than it has given; keep that store where it is"
        )
    transaction.takes(many * _NUMBER)
    await transaction.execute(statements.TAKE_NUMBERS, {"many": many})


async def _load_target(transaction: Transaction, target: StoredTarget) -> None:
    if target.epoch:
        epoch = {"owner": transaction.owner, "target": target.name, "epoch": target.epoch}
        await transaction.execute(statements.LOAD_EPOCH, epoch)
    if target.state is not None:
        row = (*state_row(target.state), target.state.paused, transaction.owner)
        await transaction.execute(statements.LOAD_STATE, row)


async def _load_jobs(transaction: Transaction, jobs: Sequence[StoredJob]) -> None:
    if not jobs:
        return
    owner = {"owner": transaction.owner}
    specs = {place_of(job.record.id)[0]: encode_spec(job.spec) for job in jobs if job.spec is not None}
    shares = {place_of(job.record.id): share for job in jobs if (share := encode_share(job.share))}
    of_specs = {**owner, "numbers": list(specs), "specifications": list(specs.values())}
    rows = json_of(statements.STORED_COLUMNS, map(stored_row, jobs))
    ends = ends_of(chain.from_iterable(job.attempts for job in jobs))
    await transaction.execute(statements.SPARE, of_specs)
    await transaction.execute(statements.LOAD_SPECIFICATIONS, of_specs)
    await transaction.execute(statements.LOAD_JOBS, {**owner, "rows": rows})
    of_shares = {**owner, **places(list(shares)), "shares": list(shares.values())}
    await transaction.execute(statements.LOAD_SHARES, of_shares)
    await transaction.execute(statements.LOAD_ATTEMPTS, {**owner, **ends})


async def _load_events(transaction: Transaction, events: Sequence[Event]) -> None:
    if not events:
        return
    rows = json_of(EVENT_COLUMNS, map(event_row, events))
    await transaction.execute(statements.LOAD_EVENTS, {"owner": transaction.owner, "rows": rows})
    newest = max(event.seq for event in events)
    await transaction.execute(statements.RAISE_COUNTER, {"owner": transaction.owner, "seq": newest})


async def _write_passage(transaction: Transaction, passage: Passage | None) -> None:
    encoded = None if passage is None else encode(passage).decode()
    await transaction.execute(statements.WRITE_PASSAGE, {"owner": transaction.owner, "passage": encoded})
