"""A store that has moved is the same store: whatever it held, and wherever the move was interrupted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import LeaseLost, StoreDamaged, StoreUnavailable, UsageError
from ganga.model.ids import JobId, Seq
from ganga.model.status import JobStatus
from ganga.store.base import NewJob, Query, Store
from ganga.store.contents import Contents, contents
from ganga.store.memory import MemoryStore
from ganga.store.moving import compare, move, reopen
from ganga.store.portion import Passage, Portion, Step
from ganga.store.sqlite import SqliteStore, open_sqlite
from ganga.testing.store_checks.kit import AT, HERE, become, new_job, save, take
from tests.store.killing import kill_at_each_step
from tests.store.stored import answers, fill, portions, silent


class Interrupted(Exception):
    """A move was killed."""


class Interrupting(MemoryStore):
    """Loads so many portions, and no more."""

    location = "interrupting"

    def __init__(self, portions: int) -> None:
        super().__init__()
        self.left = portions

    async def load(self, portion: Portion, passage: Passage | None = None) -> None:
        if not self.left:
            raise Interrupted
        self.left -= 1
        await super().load(portion, passage)


@asynccontextmanager
async def sqlite_store() -> AsyncIterator[SqliteStore]:
    with TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "other.sqlite", passing=True) as store:
            yield store


@given(held=portions())
def test_a_store_that_has_moved_there_and_back_is_the_same(held: Portion) -> None:
    async def check() -> None:
        first, last = MemoryStore(), MemoryStore()
        await fill(first, held)
        before = await answers(first)
        figures = await contents(first, silent)
        async with sqlite_store() as between:
            assert await move(first, between, silent) == figures
            assert await answers(between) == before
            assert await move(between, last, silent) == figures
        assert await answers(last) == before

    asyncio.run(check())


@given(held=portions(), stops=st.lists(st.integers(0, 4), max_size=5))
def test_a_move_that_was_interrupted_goes_on(held: Portion, stops: list[int]) -> None:
    async def check() -> None:
        first, last = MemoryStore(), Interrupting(0)
        await fill(first, held)
        before = await answers(first)
        for last.left in stops:
            try:
                await move(first, last, silent)
            except Interrupted:
                continue
            break
        else:
            last.left = 100
            await move(first, last, silent)
        assert await answers(last) == before

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganga.store.moving.PAGE", 2)
        asyncio.run(check())


@given(held=portions())
def test_a_portion_that_is_loaded_twice_changes_nothing(held: Portion) -> None:
    async def check(store: Store) -> None:
        await fill(store, held)
        before = await answers(store)
        await store.load(Portion(targets=held.targets, jobs=held.jobs, events=held.events))
        assert await answers(store) == before

    async def check_both() -> None:
        await check(MemoryStore())
        async with sqlite_store() as store:
            await check(store)

    asyncio.run(check_both())


async def test_numbers_and_epochs_go_on_where_they_were(store: Store) -> None:
    lease = await take(store)
    for _ in range(3):
        await store.create(new_job(), AT)
    await become(store, lease, JobStatus.COMPLETED, JobId("3"))
    await store.remove([JobId("3")], AT)
    last = MemoryStore()
    await move(store, last, silent)
    assert await last.holder(HERE) is None
    next_lease = await take(last)
    assert next_lease.epoch == lease.epoch + 1
    assert (await last.create(new_job(), AT)).id == "4"
    assert await last.last_seq() == 6


async def test_what_is_moving_cannot_be_written(store: Store) -> None:
    job = await store.create(new_job(), AT)
    lease = await take(store)
    with pytest.raises(Interrupted):
        await move(store, Interrupting(1), silent)
    with pytest.raises(StoreUnavailable, match=r"is being moved to interrupting, .* give it up: ganga store reopen"):
        await store.create(new_job(), AT)
    for asked in (
        store.request_kill([job.id], "ada", AT),
        store.acquire(HERE, "{}"),
        store.renew(lease),
        save(store, lease, job),
        store.prune([job.id], Seq(1)),
        store.forget_events(Seq(1)),
        store.load(Portion()),
    ):
        with pytest.raises(StoreUnavailable, match="is being moved to"):
            await asked
    assert await store.get([job.id]) == [job]
    await reopen(store)
    with pytest.raises(LeaseLost):
        await save(store, lease, job)
    assert (await store.create(new_job(), AT)).id == "2"


async def test_what_was_moved_is_opened_no_more(path: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite"
    async with open_sqlite(path) as old, open_sqlite(there) as new:
        await old.create(new_job(), AT)
        await move(old, new, silent)
        assert old.id == new.id
        with pytest.raises(UsageError, match=r"was moved to .*there.sqlite already"):
            await move(old, new, silent)
        with pytest.raises(UsageError, match=r"is left to .*there.sqlite, and cannot be moved elsewhere"):
            await move(old, MemoryStore(), silent)
    with pytest.raises(StoreUnavailable, match=r"was moved to .*there.sqlite; name that in the settings"):
        async with open_sqlite(path):
            pass
    async with open_sqlite(there) as new, open_sqlite(path, passing=True) as old:
        await new.create(new_job(), AT)
        await reopen(old)
        with pytest.raises(UsageError, match="takes part in no move"):
            await reopen(old)
    async with open_sqlite(path) as old:
        assert len(await old.select(Query())) == 1


async def test_what_has_not_arrived_is_not_opened(path: Path) -> None:
    source = MemoryStore()
    async with open_sqlite(path) as store:
        await store.load(Portion(head=await source.head()), Passage(step=Step.ARRIVING, place="there", mark="x"))
        with pytest.raises(UsageError, match="holds only a part of there; delete it instead"):
            await reopen(store)
        with pytest.raises(UsageError, match="holds only a part of there; move that one"):
            await move(store, source, silent)
    with pytest.raises(StoreUnavailable, match="holds only a part of there so far; complete it: ganga store"):
        async with open_sqlite(path):
            pass


async def test_nothing_is_done_where_the_destination_is_in_use(store: Store) -> None:
    source = MemoryStore()
    await store.acquire(HERE, "{}")
    with pytest.raises(UsageError, match="is in use; name a place where there is none"):
        await move(source, store, silent)
    assert (await source.head()).passage is None
    with pytest.raises(UsageError, match="is in use"):
        await store.load(Portion(head=await source.head()), Passage(step=Step.ARRIVING, place="x", mark="x"))


async def test_a_move_that_was_given_up_does_not_go_on() -> None:
    source, destination = MemoryStore(), Interrupting(1)
    await source.create(new_job(), AT)
    with pytest.raises(Interrupted):
        await move(source, destination, silent)
    await reopen(source)
    destination.left = 100
    with pytest.raises(UsageError, match="is in use"):
        await move(source, destination, silent)
    await source.pass_over(Passage(step=Step.LEAVING, place=destination.location, mark="another"))
    with pytest.raises(UsageError, match="is part of another move, with memory; delete it"):
        await move(source, destination, silent)


async def test_a_difference_is_found_and_nothing_is_opened() -> None:
    class Forgetful(MemoryStore):
        async def load(self, portion: Portion, passage: Passage | None = None) -> None:
            await super().load(Portion(head=portion.head, jobs=portion.jobs), passage)

    source, destination = MemoryStore(), Forgetful()
    await source.create(new_job(2), AT)
    with pytest.raises(StoreDamaged, match="is not the same as memory: the store and the events differ"):
        await move(source, destination, silent)
    assert [(await store.head()).passage is None for store in (source, destination)] == [False, False]
    with pytest.raises(StoreDamaged):
        await compare(source, destination, silent)


async def test_progress_is_told() -> None:
    source = MemoryStore()
    await source.create(NewJob(new_job().spec, HERE, shares=new_job(3).shares), AT)
    told: list[tuple[int, int, str]] = []
    await move(source, MemoryStore(), lambda done, total, what: told.append((done, total, what)))
    assert told == [
        (4, 5, "copying to memory"),
        (5, 5, "copying to memory"),
        (4, 5, "reading memory"),
        (5, 5, "reading memory"),
        (4, 5, "reading memory"),
        (5, 5, "reading memory"),
    ]


MOVER = """
import asyncio, sys
from ganga.store import moving
from ganga.store.opening import open_store
moving.PAGE = 3
def tell(done, total, what):
    print(done, flush=True)
    sys.stdin.readline()
async def main():
    async with open_store(sys.argv[1], passing=True) as old, open_store(sys.argv[2], new=True, passing=True) as new:
        await moving.move(old, new, tell)
asyncio.run(main())
print("done", flush=True)
"""


def test_a_mover_killed_at_any_page_loses_nothing(path: Path, tmp_path: Path) -> None:
    async def make() -> Contents:
        async with open_sqlite(path) as store:
            for number in range(5):
                await store.create(new_job(number or None), AT)
            return await contents(store, silent)

    async def read() -> Contents:
        async with open_sqlite(there) as store:
            return await contents(store, silent)

    before, there = asyncio.run(make()), tmp_path / "there.sqlite"
    killed = kill_at_each_step(MOVER, str(path), str(there))
    assert killed >= 3
    assert asyncio.run(read()) == before
