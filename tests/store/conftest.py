import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import pytest

from ganga.store.base import Store
from ganga.store.memory import MemoryStore
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.sqlite import SqliteStore, open_sqlite
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled


async def waiting(store: SqliteStore | PostgresStore, many: int) -> None:
    """Return when so many wait for news of the store."""
    while len(store._news) < many:  # noqa: ASYNC110 - nobody tells when a wait has begun
        await asyncio.sleep(0)


@contextmanager
def database_of(server: PostgresServer) -> Iterator[str]:
    """A database that is gone at the end."""
    name = server.new_database()
    try:
        yield name
    finally:
        server.drop_database(name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    async with open_sqlite(path) as store:
        yield store


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests that leave it as it is."""
    needs(check, NotInstalled)
    with running(durable=False) as server:
        yield server


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of an empty database."""
    with database_of(postgres_server) as name:
        yield name


@pytest.fixture
def url(postgres_server: PostgresServer, database: str) -> str:
    """Of an empty database."""
    return postgres_server.url(database)


def _opened(kind: str, request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Store]:
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return open_sqlite(request.getfixturevalue("path"))
    return open_postgres(request.getfixturevalue("url"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with _opened(request.param, request) as store:
        yield store
