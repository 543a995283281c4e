"""The store in PostgreSQL: by itself it has one connection that writes, one that reads, and one that listens while
somebody waits; see `sharing` for many.

The verbs are errands for one of the connections; what they do there is in `writing` and `reading`, and the statements
in `statements`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Concatenate, Final, ParamSpec, TypeVar

from msgspec.structs import replace

from ganga.errors import StoreDamaged
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import BudgetName, JobId, NativeId, Seq, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Adopted, BudgetChange, Holder, Lease, NewJob, Query, ResultT
from ganga.store.creation import adopted_record, check_new, first_record
from ganga.store.news import News
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.store.postgres import budgets, keeping, loading, statements, writing
from ganga.store.postgres.acting import Acting, enter
from ganga.store.postgres.address import Address, read_address
from ganga.store.postgres.connections import Connections, connections
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.listening import Listener
from ganga.store.postgres.queueing import Queue
from ganga.store.postgres.reading import Reader
from ganga.store.postgres.schema import migrate
from ganga.store.postgres.text import Connection
from ganga.store.postgres.transaction import Transaction, Writer
from ganga.store.rules import check_covers, check_open, closed
from ganga.store.storable import check_target, encode_share, encode_spec, storable_text, storable_update

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

#: Seconds for the making of the tables.
_MAKING: Final = 30.0
_ANY_NUMBER: Final = 1


@asynccontextmanager
async def open_postgres(
    url: str, *, owner: str | None = None, patience: float = 5.0, passing: bool = False
) -> AsyncIterator["PostgresStore"]:
    """The store in this database, which is made if it is not there.

    `owner` is whose jobs they are: a role that trusts the one that connects, by default this role itself. `patience`
    bounds every call, in seconds. A store that was moved away, or has not arrived yet, is opened only with `passing`.
    Raises `ConfigurationError`, `StoreUnavailable`, `StoreDamaged` and `StoreTooNew`.
    """
    address = read_address(url)
    async with connections(address, patience, 1) as shared:

        async def errand(connection: Connection, deadline: Deadline) -> tuple[Acting, str]:
            await prepare(connection, deadline, address)
            return await enter(connection, owner)

        acting, identity = await Queue(shared.reading).run(errand)
        store = PostgresStore(shared, acting, identity)
        try:
            if not passing:
                await store.check_here()
            yield store
        finally:
            await store.close()


class PostgresStore:
    """A `Store`; made by `open_postgres`. Belongs to one event loop; other processes have objects of their own."""

    def __init__(self, shared: Connections, acting: Acting, identity: str) -> None:
        self.location = shared.address.location
        #: Whose jobs these are.
        self.owner = acting.owner
        #: Sentences for people about how the store is used.
        self.warnings: tuple[str, ...] = ()
        self.id = identity
        self._acting = acting
        self._reader = Queue(shared.reading)
        self._writer = Writer(shared.writing, acting)
        self._news = News()
        self._listener = Listener(shared.channels, acting.owner, self._news, self.last_seq)

    def __repr__(self) -> str:
        return f"<PostgresStore {self.id}: {self.location} of {self.owner}>"

    async def close(self) -> None:
        """See `Store.close`."""
        self._news.fail(closed(self.location))
        await self._listener.close()
        await self._reader.close()
        await self._writer.close()

    async def check_here(self) -> None:
        """Raise `StoreUnavailable` if the store was moved away, or has not arrived yet; one on its way is still to be
        read here.
        """
        passage = (await self.head()).passage
        if passage is not None and passage.step is not Step.LEAVING:
            check_open(self.location, passage)

    # What people ask for

    async def create(self, job: NewJob, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.create`. A job that is not stored leaves a gap in the numbers."""
        check_new(job)
        spec = encode_spec(job.spec)
        shares = [encode_share(share) for share in job.shares or ()]
        record = replace(first_record(_ANY_NUMBER, job, at), id=await self._placed(place))
        await self._write(writing.create, record, spec, shares, at, checked=bool(job.spec.checkers))
        return record

    async def adopt(self, job: Adopted, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.adopt`."""
        record = adopted_record(_ANY_NUMBER, job)
        spec = encode_spec(job.spec)
        record = replace(record, id=await self._placed(place))
        await self._write(writing.create, record, spec, (), at, checked=False)
        return record

    async def request_kill(self, jobs: Collection[JobId], by: str, at: Utc) -> list[JobId]:
        """See `Store.request_kill`."""
        return await self._write(writing.request_kill, jobs, storable_text(by), at)

    async def withdraw_kill(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.withdraw_kill`."""
        await self._write(writing.withdraw_kill, jobs, at)

    async def request_submit(self, jobs: Collection[JobId], at: Utc) -> list[JobId]:
        """See `Store.request_submit`."""
        return await self._write(writing.request_submit, jobs, at)

    async def request_refresh(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.request_refresh`."""
        await self._write(writing.request_refresh, jobs, at)

    async def pause(self, target: TargetName, *, paused: bool, by: str, at: Utc) -> None:
        """See `Store.pause`."""
        check_target(target)
        await self._write(writing.pause, target, storable_text(by), at, paused=paused)

    async def remove(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.remove`."""
        await self._write(writing.remove, jobs, at)

    # What the monitor writes

    async def save(self, update: Update, lease: Lease) -> tuple[Event, ...]:
        """See `Store.save`."""
        check_covers(lease, update)
        try:
            return await self._write(writing.save, update, lease)
        except (UnicodeEncodeError, OverflowError):
            return await self._write(writing.save, storable_update(update), lease)

    async def hand_over(self, jobs: Collection[JobId], lease: Lease) -> None:
        """See `Store.hand_over`."""
        await self._write(writing.hand_over, jobs, lease)

    # What everybody reads

    async def get(self, jobs: Sequence[JobId]) -> list[JobRecord]:
        """See `Store.get`."""
        return await self._read(Reader.get, jobs)

    async def select(self, query: Query, *, after: JobId | None = None, limit: int = 1000) -> list[JobRecord]:
        """See `Store.select`."""
        return await self._read(Reader.select, query, after, limit)

    async def count(self, query: Query) -> Mapping[JobStatus, int]:
        """See `Store.count`."""
        return await self._read(Reader.count, query)

    async def specifications(self, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
        """See `Store.specifications`."""
        return await self._read(Reader.specifications, jobs)

    async def attempts(self, job: JobId) -> list[JobRecord]:
        """See `Store.attempts`."""
        return await self._read(Reader.attempts, job)

    async def events(self, after: Seq, *, limit: int = 1000, job: JobId | None = None) -> list[Event]:
        """See `Store.events`."""
        return await self._read(Reader.events, after, limit, job)

    async def last_seq(self) -> Seq:
        """See `Store.last_seq`."""
        return await self._read(Reader.last_seq)

    async def wait(self, after: Seq, seconds: float) -> bool:
        """See `Store.wait`."""
        if self._news.seq <= after:
            self._news.announce(await self.last_seq())
        if self._news.seq <= after and seconds > 0:
            self._listener.listen()
        return await self._news.wait(after, seconds)

    # What a monitor reads when it takes over, and on requests

    async def live(self, target: TargetName, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.live`."""
        return await self._read(Reader.live, target, after, limit)

    async def handed_over(self, target: TargetName) -> frozenset[JobId]:
        """See `Store.handed_over`."""
        return await self._read(Reader.handed_over, target)

    async def families(
        self, target: TargetName, parents: Collection[JobId] | None = None
    ) -> dict[JobId, dict[JobStatus, int]]:
        """See `Store.families`."""
        return await self._read(Reader.families, target, parents)

    async def concerned(self, job: JobId, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.concerned`."""
        return await self._read(Reader.concerned, job, after, limit)

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        """See `Store.ended`."""
        return await self._read(Reader.ended, target, native_ids)

    async def target_states(self) -> dict[TargetName, TargetState]:
        """See `Store.target_states`."""
        return await self._read(Reader.target_states)

    # Leases

    async def holder(self, target: TargetName) -> Holder | None:
        """See `Store.holder`."""
        return await self._read(Reader.holder, target)

    async def acquire(self, target: TargetName, owner: str, instead_of: Holder | None = None) -> Lease | None:
        """See `Store.acquire`."""
        check_target(target)
        return await self._write(writing.acquire, target, storable_text(owner), instead_of)

    async def renew(self, lease: Lease) -> None:
        """See `Store.renew`."""
        await self._write(writing.renew, lease)

    async def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        await self._write(writing.release, lease)

    # Budgets

    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        """See `Store.change_budget`."""
        return await self._write_anyway(budgets.change_budget, name, change)

    async def budgets(self) -> dict[BudgetName, Budget]:
        """See `Store.budgets`."""
        return await self._read(budgets.budgets)

    # Moving

    async def head(self) -> Head:
        """See `Store.head`."""
        return await self._read(keeping.head)

    async def stored_targets(self) -> list[StoredTarget]:
        """See `Store.stored_targets`."""
        return await self._read(keeping.stored_targets)

    async def dump(self, *, after: JobId | None = None, limit: int = 1000) -> list[StoredJob]:
        """See `Store.dump`."""
        return await self._read(keeping.dump, after, limit)

    async def load(self, portion: Portion, passage: Passage | None = None) -> None:
        """See `Store.load`. Jobs of other owners may have the same numbers: theirs go with another id of the store."""
        write = self._write if passage is None else self._write_anyway
        self.id = await write(loading.load, portion, passage, self.location)

    async def pass_over(self, passage: Passage | None) -> None:
        """See `Store.pass_over`."""
        await self._write_anyway(loading.pass_over, passage, self.location)

    # Keeping

    async def prune(self, jobs: Collection[JobId], as_of: Seq, *, limit: int = 1000) -> bool:
        """See `Store.prune`."""
        return await self._write(keeping.prune, jobs, as_of, limit)

    async def forget_events(self, up_to: Seq, *, limit: int = 1000) -> bool:
        """See `Store.forget_events`."""
        return await self._write(keeping.forget_events, up_to, limit)

    # Pieces of the above

    async def _read(
        self,
        work: Callable[Concatenate[Reader, _Given], Awaitable[_Result]],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        async def errand(connection: Connection, _deadline: Deadline) -> _Result:
            return await self._acting.checked(connection, work(Reader(connection, self.owner), *given, **named))

        return await self._reader.run(errand)

    async def _write(
        self,
        work: Callable[Concatenate[Transaction, _Given], Awaitable[_Result]],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        async def errand(transaction: Transaction) -> _Result:
            with loading.noticing_moves():
                result = await work(transaction, *given, **named)
            if transaction.last_told is not None:
                self._news.announce(transaction.last_told)
            return result

        with loading.refused_while_moving(self.location):
            return await self._writer.run(errand)

    async def _write_anyway(
        self,
        work: Callable[Concatenate[Transaction, _Given], Awaitable[_Result]],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        """Write even during a move."""
        return await self._writer.run(lambda transaction: work(transaction, *given, **named), moving=True)

    async def _placed(self, place: Callable[[JobId], None] | None) -> JobId:
        """The id of the next job, whose place is made; no transaction waits for that."""

        async def next_number(connection: Connection, _deadline: Deadline) -> JobId:
            await self._acting.check(connection)
            with loading.noticing_moves():
                [(_, number)] = await (await connection.execute(statements.NEW_NUMBER, (self.owner,))).fetchall()
            return job_id(number)

        with loading.refused_while_moving(self.location):
            job = await self._writer.queue.run(next_number)
        if place is not None:
            await asyncio.to_thread(place, job)
        return job


async def prepare(connection: Connection, deadline: Deadline, address: Address) -> None:
    """Make the tables if they are not there. Raises `StoreDamaged`, `StoreUnavailable` and `StoreTooNew`."""
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StoreDamaged(f"{address.location} cannot keep all text; make a database with the encoding UTF8")
    deadline.extend(_MAKING)
    await migrate(connection, address.location)
