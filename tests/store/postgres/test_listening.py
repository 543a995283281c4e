import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from ganga.model.ids import Seq
from ganga.store.postgres.store import open_postgres
from ganga.testing.store_checks.kit import AT, new_job
from tests.live.postgres_server.server import PostgresServer
from tests.store.conftest import waiting

LISTENING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ganga listens' AND datname = current_database()"
)


Looking = psycopg.Connection[TupleRow]


@pytest.fixture
def looking(url: str) -> Iterator[Looking]:
    """Looks from outside."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


async def _listens(looking: Looking) -> None:
    while looking.execute(LISTENING).fetchone() == (0,):  # noqa: ASYNC110 - nobody tells when it is there
        await asyncio.sleep(0.01)


async def test_news_of_another_end_every_wait(url: str) -> None:
    async with open_postgres(url, patience=60) as one, open_postgres(url, patience=60) as other:
        waits = [asyncio.create_task(other.wait(Seq(0), 60)) for _ in range(100)]
        await waiting(other, len(waits))
        await one.create(new_job(), AT)
        assert all(await asyncio.gather(*waits))
        assert await other.wait(Seq(0), 0)
        assert not await other.wait(Seq(1), 0.01)


async def test_there_is_a_connection_only_where_somebody_waits(url: str, looking: Looking) -> None:
    async with open_postgres(url, patience=60) as store:
        assert not await store.wait(Seq(0), 0)
        assert looking.execute(LISTENING).fetchone() == (0,)
        wait = asyncio.create_task(store.wait(Seq(0), 60))
        await _listens(looking)
        await store.create(new_job(), AT)
        assert await wait


async def test_a_wait_outlives_a_restart_of_the_server(own_server: PostgresServer) -> None:
    url = own_server.url()
    async with open_postgres(url, patience=60) as one, open_postgres(url, patience=60) as other:
        wait = asyncio.create_task(other.wait(Seq(0), 120))
        await waiting(other, 1)
        await asyncio.to_thread(own_server.restart)
        await one.create(new_job(), AT)
        assert await wait


async def test_a_false_alarm_wakes_nobody(url: str, looking: Looking) -> None:
    async with open_postgres(url, patience=60) as store:
        wait = asyncio.create_task(store.wait(Seq(0), 60))
        await _listens(looking)
        for _ in range(20):
            looking.execute("SELECT pg_notify('ganga_' || md5('postgres'), '99')")
        assert not wait.done()
        await store.create(new_job(), AT)
        assert await wait
