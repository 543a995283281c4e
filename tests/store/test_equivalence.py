"""The stores side by side: whatever is asked of them in whatever order, they answer alike."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from ganga.errors import GangaError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.identity import Identity
from ganga.model.ids import JobId, NativeId, Seq, TargetName
from ganga.model.job import JobRecord, JobSpec, Plugin, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Adopted, Holder, Lease, NewJob, Query, Store
from ganga.store.memory import MemoryStore
from ganga.store.portion import Head
from ganga.store.postgres.store import open_postgres
from ganga.store.sqlite import open_sqlite
from tests.conftest import database_of
from tests.live.postgres_server.server import PostgresServer

any_text = st.text(st.characters(codec=None, categories=None), max_size=6)
some_text = st.one_of(any_text, st.sampled_from(["", "fit-1", "fit-2", "\0", "[a]", "é"]))
patterns = st.one_of(any_text, st.text("fit-12*?[]!^a\\\0é", max_size=6))
targets = st.sampled_from([TargetName("here"), TargetName("there")])
times = st.floats(0, 2e9).map(Utc)
statuses = st.sampled_from(JobStatus)
numbers = st.integers(1, 6)
indices = st.none() | st.integers(0, 3)
job_ids = st.builds(
    lambda number, index: JobId(f"{number}" if index is None else f"{number}.{index}"), numbers, indices
)
some_ids = st.lists(job_ids, max_size=3)
shares = st.none() | st.lists(
    st.builds(Share, arguments=st.lists(some_text, max_size=1).map(tuple), environment=st.just({})), max_size=3
)
specs = st.builds(
    JobSpec,
    command=st.just(("x",)),
    name=some_text,
    mergers=st.sampled_from([(), (Plugin("text"),)]),
)
changes = st.fixed_dictionaries(
    {"status": statuses},
    optional={
        "attempt": st.integers(0, 3),
        "wanted_attempt": st.integers(0, 4),
        "native_id": some_text,
        "exit_code": st.integers(-(2**65), 2**65),
        "reason": st.none() | some_text,
        "outcome": st.none() | statuses,
        "silent_since": st.none() | times,
        "place": st.none() | some_text,
        "peak_memory": st.none() | st.integers(0, 2**40),
        "name": some_text,
    },
)
identities = st.none() | st.builds(Identity, name=some_text, expires_at=st.none() | times)
queries = st.builds(
    Query,
    statuses=st.frozensets(statuses, max_size=2),
    targets=st.frozensets(targets, max_size=2),
    name=st.none() | patterns,
    parent=st.none() | job_ids,
    subjobs=st.booleans(),
)
limits = st.sampled_from([1, 2, 3, 1000])
afters = st.none() | job_ids


@dataclass(frozen=True)
class Failure:
    """An error as an answer, to be compared."""

    kind: type[GangaError]
    text: str


class SideBySide(RuleBasedStateMachine):
    """Asks the memory store and another, and compares."""

    def opened(self) -> AbstractAsyncContextManager[Store]:
        """The other store, empty."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.stores: tuple[Store, Store] = self.runner.run(self._open())
        self.leases: list[Lease] = [Lease(TargetName("here"), 1)]
        self.holders: list[Holder | None] = [None]

    async def _open(self) -> tuple[Store, Store]:
        return MemoryStore(), await self.stack.enter_async_context(self.opened())

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def ask(self, question: Callable[[Store], Awaitable[object]]) -> object:
        memory, other = (self.runner.run(_answer(question, store)) for store in self.stores)
        assert other == memory
        return memory

    @rule(spec=specs, where=targets, status=statuses, parts=shares, at=times)
    def create(self, spec: JobSpec, where: TargetName, status: JobStatus, parts: list[Share] | None, at: Utc) -> None:
        self.ask(lambda store: store.create(NewJob(spec, where, status, parts), at))

    @rule(where=targets, parts=st.integers(1, 3), at=times)
    def create_well(self, where: TargetName, parts: int, at: Utc) -> None:
        self.ask(lambda store: store.create(NewJob(JobSpec(command=("x",)), where, shares=[Share()] * parts), at))

    @rule(spec=specs, name=some_text, where=targets, change=changes, at=times)
    def adopt(self, spec: JobSpec, name: str, where: TargetName, change: dict[str, object], at: Utc) -> None:
        record = JobRecord(id=JobId("1"), name=name, target=where, status=JobStatus.NEW, created_at=at)
        self.ask(lambda store: store.adopt(Adopted(spec, replace(record, **change)), at))

    @rule(jobs=some_ids, by=some_text, at=times)
    def request_kill(self, jobs: list[JobId], by: str, at: Utc) -> None:
        self.ask(lambda store: store.request_kill(jobs, by, at))

    @rule(jobs=some_ids, at=times)
    def withdraw_kill(self, jobs: list[JobId], at: Utc) -> None:
        self.ask(lambda store: store.withdraw_kill(jobs, at))

    @rule(jobs=some_ids, at=times)
    def request_submit(self, jobs: list[JobId], at: Utc) -> None:
        self.ask(lambda store: store.request_submit(jobs, at))

    @rule(jobs=some_ids, at=times)
    def request_refresh(self, jobs: list[JobId], at: Utc) -> None:
        self.ask(lambda store: store.request_refresh(jobs, at))

    @rule(where=targets, paused=st.booleans(), by=some_text, at=times)
    def pause(self, where: TargetName, *, paused: bool, by: str, at: Utc) -> None:
        self.ask(lambda store: store.pause(where, paused=paused, by=by, at=at))

    @rule(jobs=some_ids, at=times)
    def remove(self, jobs: list[JobId], at: Utc) -> None:
        self.ask(lambda store: store.remove(jobs, at))

    @rule(where=targets, owner=some_text, data=st.data())
    def acquire(self, where: TargetName, owner: str, data: st.DataObject) -> None:
        instead_of = data.draw(st.sampled_from(self.holders))
        lease = self.ask(lambda store: store.acquire(where, owner, instead_of))
        if isinstance(lease, Lease):
            self.leases.append(lease)

    @rule(where=targets)
    def look_for_the_holder(self, where: TargetName) -> None:
        holder = self.ask(lambda store: store.holder(where))
        assert holder is None or isinstance(holder, Holder)
        self.holders.append(holder)

    @rule(data=st.data())
    def renew_or_release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        if data.draw(st.booleans()):
            self.ask(lambda store: store.renew(lease))
        else:
            self.ask(lambda store: store.release(lease))

    @rule(data=st.data(), every=st.lists(changes, max_size=4), at=times, again=st.booleans(), text=some_text)
    def save(self, data: st.DataObject, every: list[dict[str, object]], at: Utc, *, again: bool, text: str) -> None:
        lease = data.draw(st.sampled_from(self.leases[-4:]))
        known = self.runner.run(self.stores[0].select(Query(subjobs=True)))
        chosen = data.draw(st.lists(st.sampled_from(known), max_size=4, unique=True)) if known else []
        records = tuple(replace(record, **change) for record, change in zip(chosen, every, strict=False))
        events = tuple(
            Event(
                at=at, kind=EventKind.STATUS_CHANGED, target=lease.target, job=record.id, new=record.status, reason=text
            )
            for record in records
        )
        identity = data.draw(identities)
        state = TargetState(
            name=lease.target, confirmed_at=at, error=text, paused=again, identity=identity, expiry_told=again
        )
        update = Update(lease.target, records, tuple(chosen) if again else (), events, state)
        self.ask(lambda store: store.save(update, lease))

    @rule(data=st.data(), jobs=some_ids)
    def hand_over(self, data: st.DataObject, jobs: list[JobId]) -> None:
        lease = data.draw(st.sampled_from(self.leases[-4:]))
        known = self.runner.run(self.stores[0].select(Query(subjobs=True)))
        chosen = data.draw(st.lists(st.sampled_from(known), max_size=4)) if known else []
        self.ask(lambda store: store.hand_over([record.id for record in chosen] or jobs, lease))

    @rule(query=queries, after=afters, limit=limits)
    def select(self, query: Query, after: JobId | None, limit: int) -> None:
        self.ask(lambda store: store.select(query, after=after, limit=limit))
        self.ask(lambda store: store.count(query))

    @rule(
        where=targets,
        after=afters,
        limit=limits,
        parents=st.none() | some_ids,
        native_ids=st.lists(some_text, max_size=3),
    )
    def take_over(
        self,
        where: TargetName,
        after: JobId | None,
        limit: int,
        parents: list[JobId] | None,
        native_ids: list[str],
    ) -> None:
        self.ask(lambda store: store.live(where, after=after, limit=limit))
        self.ask(lambda store: store.handed_over(where))
        self.ask(lambda store: store.families(where, parents))
        self.ask(lambda store: store.ended(where, list(map(NativeId, native_ids))))
        self.ask(lambda store: store.target_states())

    @rule(jobs=some_ids, job=job_ids, after=afters, limit=limits, seq=st.integers(0, 20))
    def read(self, jobs: list[JobId], job: JobId, after: JobId | None, limit: int, seq: int) -> None:
        self.ask(lambda store: store.get(jobs))
        self.ask(lambda store: store.specifications(jobs))
        self.ask(lambda store: store.attempts(job))
        self.ask(lambda store: store.concerned(job, after=after, limit=limit))
        self.ask(lambda store: store.events(Seq(seq), limit=limit, job=job))
        self.ask(lambda store: store.wait(Seq(seq), 0))

    @rule(after=afters, limit=limits)
    def dump(self, after: JobId | None, limit: int) -> None:
        self.ask(lambda store: store.dump(after=after, limit=limit))
        self.ask(lambda store: store.stored_targets())

    @rule(jobs=some_ids, as_of=st.integers(0, 20), up_to=st.integers(0, 20), limit=limits)
    def forget(self, jobs: list[JobId], as_of: int, up_to: int, limit: int) -> None:
        async def prune(store: Store) -> None:
            while await store.prune(jobs, Seq(as_of), limit=limit):
                pass

        async def forget_events(store: Store) -> None:
            while await store.forget_events(Seq(up_to), limit=limit):
                pass

        self.ask(prune)
        self.ask(forget_events)

    @invariant()
    def tell_the_same(self) -> None:
        self.ask(lambda store: store.select(Query(subjobs=True)))
        self.ask(lambda store: store.events(Seq(0)))
        self.ask(lambda store: store.last_seq())
        self.ask(_counters)


async def _counters(store: Store) -> Head:
    return replace(await store.head(), id="")


async def _answer(question: Callable[[Store], Awaitable[object]], store: Store) -> object:
    try:
        return await question(store)
    except GangaError as error:
        return Failure(type(error), str(error))


class MemoryAndSqlite(SideBySide):
    def opened(self) -> AbstractAsyncContextManager[Store]:
        folder = self.stack.enter_context(TemporaryDirectory())
        return open_sqlite(Path(folder) / "store.sqlite")


TestTwoStores = pytest.mark.timeout(400)(MemoryAndSqlite.TestCase)
TestTwoStores.settings = settings(stateful_step_count=30)


def test_the_postgres_store_answers_alike(postgres_server: PostgresServer) -> None:
    class MemoryAndPostgres(SideBySide):
        def opened(self) -> AbstractAsyncContextManager[Store]:
            name = self.stack.enter_context(database_of(postgres_server))
            return open_postgres(postgres_server.url(name))

    few = settings(stateful_step_count=30, max_examples=25)
    run_state_machine_as_test(MemoryAndPostgres, settings=few)


@given(names=st.lists(st.one_of(some_text, patterns), min_size=1, max_size=4), pattern=patterns)
def test_a_pattern_means_the_same_to_both(names: list[str], pattern: str) -> None:
    async def compare() -> None:
        async with open_sqlite(Path(folder) / "store.sqlite") as sqlite, MemoryStore() as memory:
            for name in names:
                record = JobRecord(
                    id=JobId("1"), name=name, target=TargetName("x"), status=JobStatus.NEW, created_at=Utc(0.0)
                )
                for store in (memory, sqlite):
                    await store.adopt(Adopted(JobSpec(command=("x",)), record), Utc(0.0))
            query = Query(name=pattern)
            assert await sqlite.select(query) == await memory.select(query)

    with TemporaryDirectory() as folder:
        asyncio.run(compare())
