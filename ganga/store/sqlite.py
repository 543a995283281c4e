"""The store in a file: SQLite as it comes with Python, one thread that writes and one that reads.

The verbs are a hop into one of the threads; what happens there is in `writing` and `reading`, and the statements in
`statements`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Concatenate, ParamSpec, TypeVar

from ganga.errors import StoreError
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import BudgetName, JobId, NativeId, Seq, TargetName
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store import keeping, reading, statements, writing
from ganga.store.base import Adopted, BudgetChange, Holder, Lease, NewJob, Query, ResultT
from ganga.store.connecting import Database
from ganga.store.creation import check_new
from ganga.store.filesystem import mount_table, network_filesystem
from ganga.store.news import News
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.store.rules import check_covers, check_open, closed
from ganga.store.storable import check_target, encode_share, encode_spec, storable_text, storable_update
from ganga.store.traces import Traces, until
from ganga.store.worker import Worker

#: Seconds between two looks for what other processes have written, or for traces of that.
POLL = 0.05

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@asynccontextmanager
async def open_sqlite(
    path: Path, *, read_only: bool = False, patience: float = 5.0, passing: bool = False
) -> AsyncIterator["SqliteStore"]:
    """The store in this file, which is made, private to the user, if it is not there.

    With `read_only`, nothing is made and every verb that writes raises `StoreUnavailable`. `patience` is how many
    seconds to wait for another process that is writing. A store that was moved away, or has not arrived yet, is opened
    only with `passing`. Raises `StoreUnavailable`, `StoreDamaged` and `StoreTooNew`.
    """
    network = await asyncio.to_thread(lambda: network_filesystem(path.resolve(), mount_table()))
    store = SqliteStore(Database(path, patience, read_only, network))
    try:
        await store.open()
        if not passing:
            await store.check_here()
        yield store
    finally:
        await store.close()


class SqliteStore:
    """A `Store`; made by `open_sqlite`. Belongs to one event loop; other processes have objects of their own."""

    def __init__(self, database: Database) -> None:
        self.location = str(database.path)
        self._path = database.path
        self._local = database.network is None
        #: Sentences for people about how the store is used.
        self.warnings: tuple[str, ...] = ()
        self.id = ""
        if database.network is not None:
            self.warnings += (_slow(database.path, database.network),)
        self._writer = Worker(self.location, "BEGIN IMMEDIATE", database.writer)
        self._reader = Worker(self.location, "BEGIN", database.reader)
        self._news = News()
        self._poller: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SqliteStore {self.id}: {self.location}>"

    async def open(self) -> None:
        """Open the file; once, before anything is asked."""
        await self._writer.open()
        await self._reader.open()
        self.id = await self._reader.run(_store_id)

    async def check_here(self) -> None:
        """Raise `StoreUnavailable` if the store was moved away, or has not arrived yet; one on its way is still to be
        read here.
        """
        passage = (await self.head()).passage
        if passage is not None and passage.step is not Step.LEAVING:
            check_open(self.location, passage)

    async def close(self) -> None:
        """See `Store.close`."""
        if self._poller is not None:
            self._poller.cancel()
            with suppress(asyncio.CancelledError):
                await self._poller
        self._news.fail(closed(self.location))
        await self._reader.close()
        await self._writer.close()

    # What people ask for

    async def create(self, job: NewJob, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.create`."""
        check_new(job)
        return await self._write(_encoded_and_created, job, at, place)

    async def adopt(self, job: Adopted, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.adopt`."""
        return await self._write(writing.adopt, job, encode_spec(job.spec), at, place)

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
        return await self._reader.run(reading.get, jobs)

    async def select(self, query: Query, *, after: JobId | None = None, limit: int = 1000) -> list[JobRecord]:
        """See `Store.select`."""
        return await self._reader.run(reading.select, query, after, limit)

    async def count(self, query: Query) -> Mapping[JobStatus, int]:
        """See `Store.count`."""
        return await self._reader.run(reading.count, query)

    async def specifications(self, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
        """See `Store.specifications`."""
        return await self._reader.run(reading.specifications, jobs)

    async def attempts(self, job: JobId) -> list[JobRecord]:
        """See `Store.attempts`."""
        return await self._reader.run(reading.attempts, job)

    async def events(self, after: Seq, *, limit: int = 1000, job: JobId | None = None) -> list[Event]:
        """See `Store.events`."""
        return await self._reader.run(reading.events, after, limit, job)

    async def last_seq(self) -> Seq:
        """See `Store.last_seq`."""
        return await self._reader.run(reading.last_seq)

    async def wait(self, after: Seq, seconds: float) -> bool:
        """See `Store.wait`."""
        if self._news.seq <= after:
            self._news.announce(await self.last_seq())
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name=f"poll {self.location}")
        return await self._news.wait(after, seconds)

    # What a monitor reads when it takes over, and on requests

    async def live(self, target: TargetName, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.live`."""
        return await self._reader.run(reading.live, target, after, limit)

    async def handed_over(self, target: TargetName) -> frozenset[JobId]:
        """See `Store.handed_over`."""
        return await self._reader.run(reading.handed_over, target)

    async def families(
        self, target: TargetName, parents: Collection[JobId] | None = None
    ) -> dict[JobId, dict[JobStatus, int]]:
        """See `Store.families`."""
        return await self._reader.run(reading.families, target, parents)

    async def concerned(self, job: JobId, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.concerned`."""
        return await self._reader.run(reading.concerned, job, after, limit)

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        """See `Store.ended`."""
        return await self._reader.run(reading.ended, target, native_ids)

    async def target_states(self) -> dict[TargetName, TargetState]:
        """See `Store.target_states`."""
        return await self._reader.run(reading.target_states)

    # Leases

    async def holder(self, target: TargetName) -> Holder | None:
        """See `Store.holder`."""
        return await self._reader.run(reading.holder, target)

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
        """See `Store.change_budget`. The clock is that of this machine."""
        # Past `_write`: there is no event in it that anybody waits for.
        return await self._writer.run(writing.change_budget, name, change)

    async def budgets(self, names: Collection[BudgetName] | None = None) -> dict[BudgetName, Budget]:
        """See `Store.budgets`."""
        return await self._reader.run(reading.budgets, names)

    # Moving

    async def head(self) -> Head:
        """See `Store.head`."""
        return await self._reader.run(keeping.head)

    async def stored_targets(self) -> list[StoredTarget]:
        """See `Store.stored_targets`."""
        return await self._reader.run(keeping.stored_targets)

    async def dump(self, *, after: JobId | None = None, limit: int = 1000) -> list[StoredJob]:
        """See `Store.dump`."""
        return await self._reader.run(keeping.dump, after, limit)

    async def load(self, portion: Portion, passage: Passage | None = None) -> None:
        """See `Store.load`."""
        self.id = await self._write_anyway(keeping.load, portion, passage, self.location)

    async def pass_over(self, passage: Passage | None) -> None:
        """See `Store.pass_over`."""
        await self._write_anyway(keeping.pass_over, passage, self.location)

    # Keeping

    async def prune(self, jobs: Collection[JobId], as_of: Seq, *, limit: int = 1000) -> bool:
        """See `Store.prune`."""
        return await self._write(keeping.prune, jobs, as_of, limit)

    async def forget_events(self, up_to: Seq, *, limit: int = 1000) -> bool:
        """See `Store.forget_events`."""
        return await self._write(keeping.forget_events, up_to, limit)

    # Pieces of the above

    async def _write(
        self, work: Callable[Concatenate[Connection, _Given], _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        def check_and_work(connection: Connection) -> _Result:
            keeping.check_writable(connection, self.location)
            return work(connection, *given, **named)

        return await self._write_anyway(check_and_work)

    async def _write_anyway(
        self, work: Callable[Concatenate[Connection, _Given], _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """Write even during a move."""

        def work_and_look(connection: Connection) -> tuple[_Result, Seq]:
            return work(connection, *given, **named), reading.last_seq(connection)

        result, seq = await self._writer.run(work_and_look)
        self._news.announce(seq)
        return result

    async def _poll(self) -> None:
        """Look for what other processes write, for as long as anybody waits for it: one look for all who wait."""
        traces = Traces(self._path, reliable=self._local, now=asyncio.get_running_loop().time)
        try:
            while self._news:
                await until(lambda: not self._news or traces.worth_a_look(), POLL)
                self._news.announce(await self.last_seq())
        except StoreError as error:
            self._news.fail(error)


def _slow(path: Path, network: str) -> str:
    return (
        f"the store {path} lies on {network}, a network file system: SQLite is used in its safe, slower mode; "
        "a folder on a local disk is better"
    )


def _store_id(connection: Connection) -> str:
    return str(connection.execute(statements.STORE_ID).fetchone()[0])


def _encoded_and_created(
    connection: Connection, job: NewJob, at: Utc, place: Callable[[JobId], None] | None
) -> JobRecord:
    shares = [encode_share(share) for share in job.shares or ()]
    return writing.create(connection, job, encode_spec(job.spec), shares, at, place)
