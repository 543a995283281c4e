import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ganga.errors import StoreDamaged, StoreTooNew
from ganga.store.base import Query
from ganga.store.postgres.schema import MIGRATIONS, current_version, migrate
from ganga.store.postgres.store import open_postgres
from ganga.testing.store_checks.kit import AT, new_job
from tests.live.postgres_server.server import PostgresServer

NEWER = (*MIGRATIONS, ("ALTER TABLE ganga.jobs ADD COLUMN more bigint", "CREATE TABLE ganga.more (x bigint)"))
NEWEST = len(MIGRATIONS)


@pytest.fixture
async def connection(url: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def test_a_store_is_made_once_however_many_open_it(url: str) -> None:
    async def opened() -> tuple[str, str]:
        async with open_postgres(url, patience=60) as store:
            return store.id, (await store.create(new_job(), AT)).id

    found = await asyncio.gather(*(opened() for _ in range(6)))
    assert len({identity for identity, _ in found}) == 1
    assert sorted(job for _, job in found) == ["1", "2", "3", "4", "5", "6"]


async def test_an_older_store_is_brought_up_to_date_with_all_that_it_has(
    url: str, connection: AsyncConnection[TupleRow]
) -> None:
    async with open_postgres(url) as store:
        job = await store.create(new_job(2), AT)
    await migrate(connection, "here", NEWER)
    assert await current_version(connection, "here", NEWEST + 1) == NEWEST + 1
    with pytest.raises(
        StoreTooNew, match=f"schema version {NEWEST + 1}.* up to {NEWEST};.* knows version {NEWEST + 1}"
    ):
        async with open_postgres(url):
            pass
    found = await connection.execute("SELECT job, subjob, more FROM ganga.jobs ORDER BY subjob")
    assert await found.fetchall() == [(int(job.id), index, None) for index in (-1, 0, 1)]


async def test_a_migration_that_fails_leaves_all_as_it_was(url: str, connection: AsyncConnection[TupleRow]) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(), AT)
        with pytest.raises(psycopg.Error):
            await migrate(connection, "here", (*NEWER, ("DROP TABLE ganga.jobs", "SELECT 1/0")))
        assert await current_version(connection, "here") == NEWEST
        assert len(await store.select(Query())) == 1


async def test_who_was_admitted_may_use_the_newer_tables(
    postgres_server: PostgresServer, database: str, url: str, connection: AsyncConnection[TupleRow]
) -> None:
    async with open_postgres(url):
        postgres_server.new_role(f"ada_{database}", "x")
    await connection.execute(f'GRANT USAGE ON SCHEMA ganga TO "ada_{database}"'.encode())
    await migrate(connection, "here", NEWER)
    async with await AsyncConnection.connect(postgres_server.url(database, f"ada_{database}")) as ada:
        assert await (await ada.execute("SELECT count(*) FROM ganga.jobs")).fetchall() == [(0,)]
    postgres_server.drop_database(database)
    postgres_server.drop_role(f"ada_{database}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE ganga.jobs (x int)",
        "CREATE TABLE ganga.store (x int)",
        "CREATE TABLE ganga.store (id text, version int)",
    ],
)
async def test_the_schema_of_another_program_is_left_alone(
    statement: str, url: str, connection: AsyncConnection[TupleRow]
) -> None:
    await connection.execute("CREATE SCHEMA ganga")
    await connection.execute(statement.encode())
    with pytest.raises(StoreDamaged, match="belongs to another program"):
        async with open_postgres(url):
            pass
    found = await connection.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'ganga'::regnamespace AND relkind = 'r'"
    )
    assert await found.fetchone() == (1,)


async def test_an_empty_schema_that_was_made_for_it_is_used(url: str, connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute("CREATE SCHEMA ganga")
    async with open_postgres(url) as store:
        assert (await store.create(new_job(), AT)).id == "1"


async def test_a_database_that_cannot_keep_all_text_is_refused(postgres_server: PostgresServer) -> None:
    postgres_server.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(StoreDamaged, match="UTF8"):
            async with open_postgres(postgres_server.url("latin")):
                pass
    finally:
        postgres_server.drop_database("latin")
