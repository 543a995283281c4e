"""Stores move into PostgreSQL and out of it, whole, whoever else has jobs there."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings

from ganga.errors import StoreUnavailable, UsageError
from ganga.model.ids import JobId, Seq
from ganga.model.status import JobStatus
from ganga.store.base import Query, Store
from ganga.store.contents import Contents, contents
from ganga.store.memory import MemoryStore
from ganga.store.moving import move, reopen
from ganga.store.opening import open_store
from ganga.store.portion import Head, Passage, Portion, Step
from ganga.store.postgres.store import open_postgres
from ganga.store.sqlite import open_sqlite
from ganga.testing.store_checks.kit import AT, become, ids, new_job, take
from tests.conftest import database_of
from tests.live.postgres_server.server import PostgresServer
from tests.store.killing import kill_at_each_step
from tests.store.stored import answers, fill, portions, silent
from tests.store.test_moving import MOVER

WITHIN = 120.0
LEAVING = Passage(step=Step.LEAVING, place="elsewhere", mark="x")


async def filled(path: Path) -> Contents:
    """What a file then holds: five jobs, some with subjobs."""
    async with open_sqlite(path) as store:
        for number in range(5):
            await store.create(new_job(number or None), AT)
        await take(store)
        return await contents(store, silent)


async def held(location: str) -> Contents:
    """What a store holds that is open for use."""
    async with open_store(location) as store:
        return await contents(store, silent)


def waiting(server: PostgresServer, database: str, many: int = 1) -> bool:
    """Whether so many wait for a lock in the database."""
    statement = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = %s"
    return server.run(statement, database) == [(many,)]


@contextmanager
def locked(url: str, *statements: str) -> Iterator[None]:
    """These statements are carried out, and not committed before the end."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield


def test_a_store_that_has_moved_there_and_back_is_the_same(postgres_server: PostgresServer) -> None:
    async def check(portion: Portion, url: str) -> None:
        first, last = MemoryStore(), MemoryStore()
        await fill(first, portion)
        before, figures = await answers(first), await contents(first, silent)
        async with open_postgres(url) as between:
            assert await move(first, between, silent) == figures
            assert await answers(between) == before
            assert await move(between, last, silent) == figures
        assert await answers(last) == before

    @settings(max_examples=10)
    @given(portion=portions())
    def try_it(portion: Portion) -> None:
        with database_of(postgres_server) as database:
            asyncio.run(check(portion, postgres_server.url(database)))

    try_it()


def test_a_mover_killed_at_any_page_loses_nothing(path: Path, tmp_path: Path, url: str) -> None:
    before = asyncio.run(filled(path))
    assert kill_at_each_step(MOVER, str(path), url) >= 3
    assert asyncio.run(held(url)) == before
    back = str(tmp_path / "back.sqlite")
    assert kill_at_each_step(MOVER, url, back) >= 3
    assert asyncio.run(held(back)) == before


@pytest.mark.parametrize(
    ("out", "stall"),
    [
        # The first can be read, and not written; the second is not asked before the first page.
        (False, "LOCK TABLE ganga.events IN EXCLUSIVE MODE"),
        (True, "LOCK TABLE ganga.attempts IN ACCESS EXCLUSIVE MODE"),
    ],
)
def test_the_command_moves_and_goes_on_after_it_was_killed(
    *, out: bool, stall: str, path: Path, tmp_path: Path, postgres_server: PostgresServer, database: str
) -> None:
    url, back = postgres_server.url(database), str(tmp_path / "back.sqlite")
    before = asyncio.run(filled(path))
    source, destination = (url, back) if out else (str(path), url)
    command = [sys.executable, "-m", "ganga", "store", "move", source, destination]
    environment = {**os.environ, "HOME": str(tmp_path), "GANGA_HOME": str(tmp_path / "home")}
    with ExitStack() as stack:
        if out:
            assert subprocess.run([*command[:-2], str(path), url], env=environment, check=False).returncode == 0
        else:
            # The tables are there before one of them is locked.
            asyncio.run(_made(url))
        stack.enter_context(locked(url, stall))
        process = stack.enter_context(subprocess.Popen(command, env=environment))
        deadline = time.monotonic() + WITHIN
        while not waiting(postgres_server, database):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
    with pytest.raises(StoreUnavailable, match="holds only a part"):
        asyncio.run(held(destination))
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert asyncio.run(held(destination)) == before
    with pytest.raises(StoreUnavailable, match="was moved to"):
        asyncio.run(held(source))


async def _made(url: str) -> None:
    async with open_postgres(url):
        pass


async def test_numbers_go_on_behind_those_that_came(url: str) -> None:
    async with open_postgres(url) as store:
        await fill(store, Portion(head=Head(id="01234567", last_job=40, last_seq=Seq(7), forgotten=Seq(7))))
        assert store.id == "01234567"
        assert (await store.create(new_job(), AT)).id == "41"
        assert await store.last_seq() == 8
    async with open_postgres(url) as again:
        assert again.id == "01234567"


async def test_numbers_that_nobody_could_take_are_refused(url: str) -> None:
    async with open_postgres(url) as store:
        head = Head(id="01234567", last_job=10**12, last_seq=Seq(0))
        with pytest.raises(UsageError, match=r"numbered up to 1000000000000, .* keep that store where it is"):
            await fill(store, Portion(head=head))
        assert (await store.create(new_job(), AT)).id == "1"


async def test_a_move_begins_when_those_who_write_have_ended(
    url: str, postgres_server: PostgresServer, database: str
) -> None:
    async with open_postgres(url) as store, open_postgres(url, patience=WITHIN) as mover:
        with locked(url, "SELECT ganga.not_moving('postgres')"):
            begun = asyncio.create_task(mover.pass_over(LEAVING))
            async with asyncio.timeout(WITHIN):
                while not await asyncio.to_thread(waiting, postgres_server, database):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.02)
            assert not begun.done()
        await begun
        with pytest.raises(StoreUnavailable, match="is being moved to elsewhere"):
            await store.create(new_job(), AT)
        await reopen(store)
        assert (await store.create(new_job(), AT)).id == "1"


async def test_what_is_forgotten_keeps_nobody_waiting(url: str) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(), AT)
        await store.create(new_job(), AT)
        forgetting = (
            "UPDATE ganga.owners SET forgotten = 1",
            "DELETE FROM ganga.events WHERE seq = 1",
            "INSERT INTO ganga.doomed (job) VALUES (1)",
            "DELETE FROM ganga.jobs WHERE job = 1",
        )
        with locked(url, *forgetting):
            assert (await store.create(new_job(), AT)).id == "3"
            assert await store.request_kill([JobId("2")], "ada", AT) == ["2"]
        assert ids(await store.select(Query())) == ["3", "2"]
        assert [event.seq for event in await store.events(Seq(0))] == [2, 3, 4]


async def test_a_job_of_which_something_is_asked_meanwhile_stays(
    url: str, postgres_server: PostgresServer, database: str
) -> None:
    """Whoever asks for a subjob has locked nothing else of its job."""
    async with open_postgres(url) as store, open_postgres(url, patience=WITHIN) as pruner:
        whole, first, second = await _ended(store)
        asks = "UPDATE ganga.jobs SET wanted_attempt = attempt + 1 WHERE subjob = 0"
        with locked(url, asks):
            pruned = asyncio.create_task(pruner.prune([whole], Seq(100)))
            async with asyncio.timeout(WITHIN):
                while not await asyncio.to_thread(waiting, postgres_server, database):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.02)
        assert await pruned is False
        assert ids(await store.get([whole, first, second])) == [whole, first, second]


async def _ended(store: Store) -> list[JobId]:
    job = await store.create(new_job(2), AT)
    family = [job.id, JobId(f"{job.id}.0"), JobId(f"{job.id}.1")]
    await become(store, await take(store), JobStatus.COMPLETED, *family)
    return family
