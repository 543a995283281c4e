from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from ganga.errors import LeaseLost
from ganga.store.base import Lease, Store
from ganga.store.memory import MemoryStore
from ganga.store.postgres.store import open_postgres
from ganga.store.sqlite import open_sqlite
from ganga.testing.check_store import CHECKS, check_store
from ganga.testing.store_checks.kit import Check
from tests.conftest import database_of
from tests.live.postgres_server.server import PostgresServer


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_store_keeps_each_promise(check: Check, store: Store) -> None:
    await check(store)


async def test_check_store_passes_the_memory_store() -> None:
    await check_store(MemoryStore)


async def test_check_store_passes_the_sqlite_store(tmp_path: Path) -> None:
    numbers = count()
    await check_store(lambda: open_sqlite(tmp_path / f"{next(numbers)}.sqlite"))


async def test_check_store_passes_the_postgres_store(postgres_server: PostgresServer) -> None:
    with ExitStack() as stack:
        await check_store(lambda: open_postgres(postgres_server.url(stack.enter_context(database_of(postgres_server)))))


async def test_check_store_names_the_broken_promise() -> None:
    class Careless(MemoryStore):
        async def renew(self, lease: Lease) -> None:
            raise LeaseLost(f"no {lease}")

    with pytest.raises(LeaseLost) as raised:
        await check_store(Careless)
    assert raised.value.__notes__ == ["in the check 'a_lease_has_one_holder'"]


async def test_check_store_says_what_was_found() -> None:
    class Forgetful(MemoryStore):
        location = ""

    with pytest.raises(AssertionError, match="whether there is a location: expected True, found False"):
        await check_store(Forgetful)
