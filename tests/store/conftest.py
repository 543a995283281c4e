import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from ganga.store.base import Store
from ganga.store.memory import MemoryStore
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.sqlite import SqliteStore, open_sqlite


async def waiting(store: SqliteStore | PostgresStore, many: int) -> None:
    """Return when so many wait for news of the store."""
    while len(store._news) < many:  # noqa: ASYNC110 - nobody tells when a wait has begun
        await asyncio.sleep(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    async with open_sqlite(path) as store:
        yield store


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
