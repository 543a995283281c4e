"""A server that comes and goes."""

import asyncio
import tempfile
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.errors import StoreUnavailable
from ganga.model.ids import Seq
from ganga.model.status import JobStatus
from ganga.store.base import Query
from ganga.store.postgres.address import read_address
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.link import Link
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.postgres.text import Connection
from ganga.testing.store_checks.kit import AT, become, ids, new_job, take
from tests.live.folders import remove
from tests.live.postgres_server.server import PostgresServer
from tests.store.postgres.line import line_to


async def test_it_goes_on_after_a_restart(own_server: PostgresServer) -> None:
    async with open_postgres(own_server.url(), patience=60) as store:
        made = [await store.create(new_job(), AT)]
        for mode in ("fast", "immediate"):
            await asyncio.to_thread(own_server.restart, mode)
            assert await store.last_seq() == len(await store.select(Query()))
            made.append(await store.create(new_job(), AT))
        assert await store.select(Query()) == made[::-1]


async def test_a_server_killed_among_writes_has_all_that_was_told_and_nothing_twice(own_server: PostgresServer) -> None:
    async with open_postgres(own_server.url(), patience=60) as store:
        told: list[str] = []

        async def create() -> None:
            while len(told) < 60:
                record = await store.create(new_job(), AT)
                told.append(record.id)

        creating = asyncio.create_task(create())
        for many in (10, 30):
            while len(told) < many:  # noqa: ASYNC110 - nobody tells how many there are
                await asyncio.sleep(0.001)
            await asyncio.to_thread(own_server.kill)
            await asyncio.to_thread(own_server.start)
        await creating
        assert ids(await store.select(Query())) == told[::-1]
        events = await store.events(Seq(0))
        assert [event.job for event in events] == told
        assert [event.seq for event in events] == list(range(1, 61))


async def test_a_server_that_is_away_is_told_and_harms_nothing(own_server: PostgresServer) -> None:
    async with open_postgres(own_server.url(), patience=0.5) as store:
        await store.create(new_job(), AT)
        await asyncio.to_thread(own_server.stop)
        for ask in (store.last_seq, lambda: store.create(new_job(), AT)):
            with pytest.raises(StoreUnavailable, match="cannot be reached; try again"):
                await ask()
        await asyncio.to_thread(own_server.start)
        assert ids(await store.select(Query())) == ["1"]


async def test_a_standby_takes_over_with_all_that_was_told(own_server: PostgresServer) -> None:
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    standby = await asyncio.to_thread(own_server.replica, folder)
    try:
        both = (
            f"postgresql://postgres@/postgres?host={own_server.folder},{folder}&port={own_server.port},{standby.port}"
        )
        async with open_postgres(both, patience=60) as store:
            job = await store.create(new_job(2), AT)
            lease = await take(store)
            await asyncio.to_thread(own_server.kill)
            becoming = asyncio.create_task(become(store, lease, JobStatus.RUNNING, job.id))
            await asyncio.to_thread(standby.promote)
            standby.run("ALTER SYSTEM RESET synchronous_standby_names")
            standby.run("SELECT pg_reload_conf()")
            await becoming
            assert [event.seq for event in await store.events(Seq(0))] == [1, 2]
            assert [record.status for record in await store.get([job.id])] == [JobStatus.RUNNING]
    finally:
        standby.stop("immediate")
        remove(folder)


async def test_a_line_that_falls_silent_holds_nobody(postgres_server: PostgresServer, database: str) -> None:
    async with line_to(postgres_server) as line, open_postgres(line.url(database), patience=0.5) as store:
        await store.create(new_job(), AT)
        line.silent = True
        for ask in (store.last_seq, lambda: store.wait(Seq(9), 30), lambda: store.create(new_job(), AT)):
            with pytest.raises(StoreUnavailable, match=r"cannot be reached|went away"):
                await ask()
        line.silent = False
        assert await _asked_again(store) == 1


async def test_those_who_wait_behind_one_that_waits_in_vain_are_told_with_it(
    postgres_server: PostgresServer, database: str
) -> None:
    async with line_to(postgres_server) as line, open_postgres(line.url(database), patience=0.5) as store:
        line.silent = True
        told = await asyncio.gather(*(store.last_seq() for _ in range(200)), return_exceptions=True)
        assert {type(error) for error in told} == {StoreUnavailable}
        assert len({str(error) for error in told}) == 1
        line.silent = False
        assert await _asked_again(store) == 0


async def _asked_again(store: PostgresStore) -> int:
    """However long a new connection takes."""
    while True:
        try:
            return await store.last_seq()
        except StoreUnavailable:
            continue


async def test_those_who_ask_at_once_all_get_their_answers(url: str) -> None:
    async with open_postgres(url, patience=60) as store:
        made = await asyncio.gather(*(store.create(new_job(), AT) for _ in range(50)))
        assert len({record.id for record in made}) == 50
        assert set(await asyncio.gather(*(store.last_seq() for _ in range(50)))) == {50}


@pytest.mark.parametrize(("set_to", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
async def test_nothing_is_told_before_it_is_on_the_disk(
    postgres_server: PostgresServer, database: str, set_to: str, used: str
) -> None:
    postgres_server.run(f"ALTER DATABASE {database} SET synchronous_commit = {set_to}")
    link = Link(read_address(postgres_server.url(database)), "tests", 60)

    async def setting(connection: Connection, _deadline: Deadline) -> object:
        return await (await connection.execute("SHOW synchronous_commit")).fetchone()

    try:
        assert await link.run(setting) == (used,)
    finally:
        await link.drop()


async def test_a_store_that_is_closed_says_so(url: str) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(), AT)
    for ask in (store.last_seq, lambda: store.create(new_job(), AT)):
        with pytest.raises(StoreUnavailable, match="is closed; open it again"):
            await ask()


async def test_a_password_is_asked_for_and_never_shown(postgres_server: PostgresServer, database: str) -> None:
    role, password = f"ada_{token_hex(4)}", token_hex()
    postgres_server.new_role(role, password)
    postgres_server.run(f"GRANT CREATE ON DATABASE {database} TO {role}")
    try:
        url = postgres_server.tcp_url(database, role).replace("@", f":{password}@")
        async with open_postgres(url) as store:
            assert password not in f"{store!r} {store.location}"
            assert store.owner == role
        with pytest.raises(StoreUnavailable) as refused:
            async with open_postgres(url.replace(password, f"{password}x"), patience=60):
                pass
        assert password not in str(refused.value)
    finally:
        postgres_server.drop_database(database)
        postgres_server.drop_role(role)


async def test_a_store_can_be_closed_whose_server_has_gone(own_server: PostgresServer) -> None:
    async with open_postgres(own_server.url(), patience=0.5) as store:
        await store.create(new_job(), AT)
        await asyncio.to_thread(own_server.kill)
