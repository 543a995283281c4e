"""Owners come and go, and what goes wrong for one, or in the asking for them, reaches no other."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.errors import GangaError, StoreUnavailable
from ganga.hosting.hosting import Hosting, Household
from ganga.model.policy import Policy
from ganga.monitor.connection import Target
from ganga.store.base import Store
from ganga.store.memory import MemoryStore
from tests.hosting.conftest import SITE, until
from tests.hosting.site import Settings, connect


class Shelf:
    """Stores in memory of ada and bob; what is in `troubles` is raised by the asking for owners, one after another."""

    location, role = "memory", "robot"

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.owners = frozenset({"ada", "bob"})
        #: What opening the store of an owner raises.
        self.away: dict[str, Exception] = {}
        self.opened: list[str] = []

    async def wait(self, known: frozenset[str], seconds: float) -> frozenset[str]:
        if self.troubles:
            raise self.troubles.pop(0)
        async with asyncio.timeout(seconds):
            await until(lambda: self.owners != known)
        return self.owners

    @asynccontextmanager
    async def owned(self, owner: str) -> AsyncIterator[Store]:
        self.opened.append(owner)
        if owner in self.away:
            raise self.away[owner]
        yield MemoryStore()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("PAUSE", "LONGEST_PAUSE", "_RETRY"):
        monkeypatch.setattr(f"ganga.hosting.hosting.{pause}", 0.02)


def hosting(shelf: Shelf, folder: Path) -> Hosting:
    def household(owner: str) -> Household:
        opened = partial(connect, Settings(account=owner), Surroundings(SITE, folder))
        (folder / owner).mkdir(exist_ok=True)
        return Household(folder / owner, folder / "aside" / owner, {SITE: Target(SITE, "site", Policy(), opened)})

    return Hosting(shelf, household)


@pytest.mark.parametrize("error", [StoreUnavailable("not now"), RuntimeError("a bug"), GangaError("not this")])
async def test_an_owner_whose_store_fails_costs_nobody_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    shelf = Shelf()
    shelf.away = {"ada": error}
    async with hosting(shelf, tmp_path) as service:
        await until(lambda: shelf.opened.count("ada") > 3)
        assert service.leading == {("bob", SITE)}
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
        shelf.away = {}
        await until(lambda: service.leading == {("ada", SITE), ("bob", SITE)})
    assert shelf.opened.count("bob") == 1


async def test_who_trusts_the_service_is_asked_again_whatever_went_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(StoreUnavailable("not now"), StoreUnavailable("not now"), RuntimeError("a bug"))
    async with hosting(shelf, tmp_path) as service:
        await until(lambda: len(service.leading) == 2)
        shelf.troubles = [StoreUnavailable("not now")]
        shelf.owners = frozenset({"bob"})
        await until(lambda: service.leading == {("bob", SITE)} and not shelf.troubles)
    said = [record.getMessage() for record in caplog.records if "cannot be asked" in record.getMessage()]
    assert [text.rpartition(": ")[2] for text in said] == ["not now", "a bug", "not now"]


async def test_who_comes_back_at_once_is_served_when_the_former_service_has_ended(tmp_path: Path) -> None:
    shelf = Shelf()
    async with hosting(shelf, tmp_path) as service:
        await until(lambda: len(service.leading) == 2)
        service._turn_to(frozenset({"bob"}))
        service._turn_to(frozenset({"ada", "bob"}))
        await until(lambda: shelf.opened.count("ada") == 2 and len(service.leading) == 2)
    assert shelf.opened.count("bob") == 1
