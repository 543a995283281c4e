import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ganga.store.base import Store
from ganga.store.memory import MemoryStore
from ganga.store.sqlite import SqliteStore, open_sqlite


async def waiting(store: SqliteStore, many: int) -> None:
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


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        async with MemoryStore() as memory:
            yield memory
    else:
        async with open_sqlite(path) as sqlite:
            yield sqlite
