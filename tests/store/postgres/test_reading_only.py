"""A store that is opened for reading only: the server itself refuses whatever would write."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import psycopg
import pytest

from ganga.errors import StoreUnavailable
from ganga.model.budget import Budget
from ganga.model.ids import BudgetName, JobId, Seq
from ganga.store.base import Lease, Query
from ganga.store.configured import open_configured
from ganga.store.portion import Portion
from ganga.store.postgres.address import read_address
from ganga.store.postgres.link import Link
from ganga.store.postgres.schema import MIGRATIONS, migrate, require_newest
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.testing.store_checks.kit import AT, HERE, ids, new_job
from tests.live.postgres_server.server import PostgresServer
from tests.store.conftest import waiting

ONE = JobId("1")

WRITING: Final[tuple[Callable[[PostgresStore], Awaitable[object]], ...]] = (
    lambda store: store.create(new_job(), AT),
    lambda store: store.request_kill([ONE], "me", AT),
    lambda store: store.request_submit([ONE], AT),
    lambda store: store.pause(HERE, paused=True, by="me", at=AT),
    lambda store: store.remove([ONE], AT),
    lambda store: store.acquire(HERE, "{}"),
    lambda store: store.renew(Lease(HERE, 1)),
    lambda store: store.release(Lease(HERE, 1)),
    lambda store: store.change_budget(
        BudgetName("here"), lambda _budget, _now: (Budget(at=0.0, rate=1.0, tokens=1.0), None)
    ),
    lambda store: store.load(Portion()),
    lambda store: store.pass_over(None),
    lambda store: store.prune([ONE], Seq(9)),
    lambda store: store.forget_events(Seq(1)),
)


async def cannot_be_opened(url: str) -> str:
    with pytest.raises(StoreUnavailable) as raised:
        async with open_postgres(url, read_only=True):
            pass
    return str(raised.value)


async def test_nothing_is_made(url: str) -> None:
    assert "there is no store at postgresql://" in await cannot_be_opened(url)
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'ganga'")
        assert await found.fetchone() == (0,)


async def test_what_others_write_is_read(url: str, tmp_path: Path) -> None:
    async with open_postgres(url) as writing, open_configured(tmp_path / "none", url, read_only=True) as reading:
        assert isinstance(reading, PostgresStore)
        assert reading.id == writing.id
        news = asyncio.create_task(reading.wait(Seq(0), 30))
        await waiting(reading, 1)
        await writing.create(new_job(), AT)
        assert await news
        assert ids(await reading.select(Query())) == [ONE]
        assert await reading.count(Query()) == await writing.count(Query())
        assert len(await reading.events(Seq(0))) == 1


async def test_whatever_would_write_is_refused_at_once(url: str) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(), AT)
        before = await store.last_seq()
        async with open_postgres(url, read_only=True, patience=60) as reading:
            for verb in WRITING:
                with pytest.raises(StoreUnavailable, match="opened to be read only, and nothing was written; open it"):
                    async with asyncio.timeout(30):
                        await verb(reading)
            assert ids(await reading.select(Query())) == [ONE]
        assert await store.last_seq() == before
        assert await store.holder(HERE) is None


async def test_what_turns_out_to_write_nothing_needs_no_signature(url: str) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(), AT)
    async with open_postgres(url, read_only=True) as reading:
        assert await reading._writer.run(_answer) == 42


async def _answer(_transaction: object) -> int:
    return 42


async def test_the_server_refuses_it_whatever_the_url_says(url: str) -> None:
    less = f"{url}&options=-c%20default_transaction_read_only%3Doff&target_session_attrs=read-write"
    link = Link(read_address(less, read_only=True), "tests", 5.0)
    try:
        with pytest.raises(StoreUnavailable, match="opened to be read only"):
            await link.run(lambda connection, _deadline: connection.execute("CREATE TABLE public.more (x int)"))
    finally:
        await link.drop()


async def test_an_older_store_is_not_brought_up_to_date(url: str) -> None:
    newer = (*MIGRATIONS, ("CREATE TABLE ganga.more (x bigint)",))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection, "here")
        await require_newest(connection, "here")
        with pytest.raises(
            StoreUnavailable,
            match=f"schema version {len(MIGRATIONS)}, and this ganga reads version {len(newer)}; open it for writing",
        ):
            await require_newest(connection, "here", len(newer))


async def test_who_has_no_jobs_yet_is_told_so(postgres_server: PostgresServer, database: str, url: str) -> None:
    role = f"ada_{database}"
    async with open_postgres(url):
        postgres_server.new_role(role, "x")
    postgres_server.run(f'GRANT "postgres" TO "{role}"')
    try:
        said = await cannot_be_opened(postgres_server.url(database, role))
        assert f"has nothing of {role} yet; submit a job" in said
    finally:
        postgres_server.run(f'REVOKE "postgres" FROM "{role}"')
        postgres_server.drop_role(role)
