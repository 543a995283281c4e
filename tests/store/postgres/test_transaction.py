"""What becomes of a transaction whose connection is lost: it has happened once, or not at all, and that is known."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from msgspec.structs import replace

from ganga.errors import LeaseLost, StoreUnavailable
from ganga.model.ids import JobId, Seq
from ganga.model.status import JobStatus
from ganga.store.base import Lease, Query
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.postgres.transaction import Transaction
from ganga.testing.store_checks.kit import AT, HERE, ids, new_job, save, take
from tests.live.postgres_server.server import PostgresServer
from tests.store.postgres.line import Line, line_to

ONE = JobId("1")
COMMIT = b"COMMIT"


@pytest.fixture
async def line(postgres_server: PostgresServer) -> AsyncIterator[Line]:
    async with line_to(postgres_server) as line:
        yield line


@pytest.fixture
async def far(line: Line, database: str) -> AsyncIterator[PostgresStore]:
    """A store at the other end of the line."""
    async with open_postgres(line.url(database), patience=60) as store:
        yield store


@pytest.mark.parametrize("heard", [True, False])
async def test_a_job_is_created_once_though_the_answer_was_lost(far: PostgresStore, line: Line, *, heard: bool) -> None:
    places: list[JobId] = []
    line.cut_at(COMMIT, heard=heard)
    job = await far.create(new_job(3), AT, place=places.append)
    assert line.cuts == 1
    assert ids(await far.select(Query())) == places == [job.id]
    assert [event.job for event in await far.events(Seq(0))] == [job.id]
    assert len(await far.specifications([job.id, JobId(f"{job.id}.2")])) == 2


@pytest.mark.parametrize("heard", [True, False])
async def test_what_was_saved_is_told_once_under_its_number(far: PostgresStore, line: Line, *, heard: bool) -> None:
    record = await far.create(new_job(), AT)
    lease = await take(far)
    line.cut_at(COMMIT, heard=heard)
    events = await save(far, lease, replace(record, status=JobStatus.RUNNING))
    assert line.cuts == 1
    assert [event.seq for event in events] == [2]
    assert await far.events(Seq(1)) == list(events)


@pytest.mark.parametrize("heard", [True, False])
async def test_a_lease_is_taken_once(far: PostgresStore, line: Line, *, heard: bool) -> None:
    line.cut_at(COMMIT, heard=heard)
    lease = await far.acquire(HERE, "{}")
    assert lease == Lease(HERE, 1)
    assert line.cuts == 1
    line.cut_at(COMMIT, heard=heard)
    await far.renew(lease)
    holder = await far.holder(HERE)
    assert holder is not None
    assert holder.beat == 1


async def test_a_line_that_is_cut_before_the_end_costs_nothing(far: PostgresStore, line: Line) -> None:
    job = await far.create(new_job(), AT)
    line.cut_at(b"FOR UPDATE OF jobs", heard=True)
    assert await far.request_kill([job.id], "ada", AT) == [job.id]
    assert line.cuts == 1
    assert await far.last_seq() == 2


async def test_what_cannot_be_found_out_is_said(line: Line, database: str) -> None:
    async with open_postgres(line.url(database), patience=2) as store:
        await store.create(new_job(), AT)
        line.word, line.falls_silent = COMMIT, True
        with pytest.raises(StoreUnavailable, match="whether that was written is not known; look at the job"):
            await store.create(new_job(), AT)
        line.word, line.silent = None, False
        assert (await store.create(new_job(), AT)).id in ids(await store.select(Query()))


async def test_a_caller_who_has_gone_does_not_stop_a_write(url: str) -> None:
    async with open_postgres(url) as store:
        creating = asyncio.create_task(store.create(new_job(200), AT))
        while store._writer.written == 0:  # noqa: ASYNC110 - nobody tells when it has begun
            await asyncio.sleep(0)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        assert (await store.create(new_job(), AT)).id == "2"
        assert ids(await store.select(Query())) == ["2", "1"]


async def test_two_that_wait_for_each_other_both_get_there(url: str) -> None:
    async with open_postgres(url, patience=60) as one, open_postgres(url, patience=60) as other:
        for store in (one, other):
            await store.create(new_job(), AT)
        statement = "UPDATE ganga.jobs SET reason = %s WHERE job = %s"
        both = asyncio.Barrier(2)
        tries = 0

        async def crosswise(transaction: Transaction, first: int, second: int) -> None:
            nonlocal tries
            tries += 1
            await transaction.rows(f"{statement} RETURNING 1", ("x", first))
            if tries <= 2:
                await both.wait()
            await transaction.execute(statement, ("x", second))
            await transaction.commit()

        await asyncio.gather(one._write(crosswise, 1, 2), other._write(crosswise, 2, 1))
        assert tries == 3
        assert [record.reason for record in await one.select(Query())] == ["x", "x"]


async def test_an_old_lease_cannot_write_nor_one_that_was_given_back(url: str) -> None:
    async with open_postgres(url) as store:
        record = await store.create(new_job(), AT)
        old = await take(store)
        holder = await store.holder(HERE)
        new = await store.acquire(HERE, "{}", holder)
        assert new is not None
        for lease in (old, Lease(HERE, 9)):
            with pytest.raises(LeaseLost, match="no longer the newest"):
                await save(store, lease, record)
            with pytest.raises(LeaseLost):
                await store.hand_over([ONE], lease)
        await store.release(new)
        with pytest.raises(LeaseLost):
            await save(store, new, record)
        assert await store.last_seq() == 1


async def test_nobody_takes_over_while_the_holder_writes(url: str) -> None:
    async with open_postgres(url, patience=60) as writing, open_postgres(url, patience=60) as taking:
        lease = await take(writing)
        holder = await taking.holder(HERE)
        held, over = asyncio.Event(), asyncio.Event()

        async def slowly(transaction: Transaction) -> None:
            await transaction.rows("SELECT ganga.hold(%s, %s, %s)", ("postgres", HERE, lease.epoch))
            held.set()
            await over.wait()
            await transaction.commit()

        write = asyncio.create_task(writing._write(slowly))
        await held.wait()
        takeover = asyncio.create_task(taking.acquire(HERE, "{}", holder))
        with psycopg.connect(url, autocommit=True) as looking:
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while looking.execute(waits).fetchone() != (1,):  # noqa: ASYNC110 - nobody tells when it waits
                await asyncio.sleep(0.01)
        assert not takeover.done()
        over.set()
        await write
        assert await takeover == Lease(HERE, 2)
