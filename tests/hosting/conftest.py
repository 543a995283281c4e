"""Two users of a real database who may trust a third, the service; their homes are below one folder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.hosting.hosting import Hosting
from ganga.model.clock import Utc
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord, JobSpec, Share
from ganga.settings import Settings, load
from ganga.store.base import NewJob
from ganga.store.postgres.rights import admit, distrust, trust
from ganga.store.postgres.store import PostgresStore, open_postgres
from tests.hosting.site import Systems
from tests.live.postgres_server.server import PostgresServer

SITE: Final = TargetName("site")
#: A role that a test makes, with rights in the database of that test.
EVIL: Final = "../evil"
#: Seconds in which anything happens, also on a busy machine.
LONG: Final = 60.0


@dataclass(frozen=True)
class World:
    """A service and those whom it may serve."""

    server: PostgresServer
    database: str
    #: The folder with the homes of all owners.
    homes: Path
    config: Path
    ada: str
    bob: str
    robot: str

    def url(self, role: str) -> str:
        return self.server.url(self.database, role)

    def home(self, owner: str) -> Path:
        return self.homes / owner

    def settings(self) -> Settings:
        return load({}, home=self.homes.parent / "service", config=self.config)

    def proxy(self, owner: str) -> Path:
        """Where the owner puts credentials."""
        return self.home(owner) / "credentials" / "proxy"

    def grant(self, owner: str) -> None:
        self.proxy(owner).write_text(f"the proxy of {owner}")

    async def trusted(self, owner: str) -> None:
        await trust(self.url(owner), self.robot)

    async def distrusted(self, owner: str) -> None:
        await distrust(self.url(owner), self.robot)

    def hosting(self) -> AbstractAsyncContextManager[Hosting]:
        return app.host(self.settings())

    @asynccontextmanager
    async def store(self, owner: str) -> AsyncIterator[PostgresStore]:
        """As the owner sees it."""
        async with open_postgres(self.url(owner)) as store:
            yield store

    async def submit(self, owner: str, spec: JobSpec, share: Share | None = None) -> JobId:
        """As the owner could by SQL, whatever the job says."""
        async with self.store(owner) as store:
            shares = None if share is None else [share]
            return (await store.create(NewJob(spec, SITE, shares=shares), Utc(1_800_000_000.0))).id

    async def ended(self, owner: str, job: JobId) -> JobRecord:
        async with self.store(owner) as store, asyncio.timeout(LONG):
            while not (record := (await store.get([job]))[0]).status.final:
                await store.wait(await store.last_seq(), 1.0)
            return record


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds."""
    async with asyncio.timeout(LONG):
        while not holds():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    Systems.begin()
    backends = [
        EntryPoint("site", "tests.hosting.site", ENTRY_POINTS),
        EntryPoint("local", "ganga.backends.local", ENTRY_POINTS),
        EntryPoint("slurm", "ganga.backends.slurm", ENTRY_POINTS),
    ]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])


@pytest.fixture
async def world(postgres_server: PostgresServer, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Ada and Bob have homes with credentials, and trust nobody yet; jobs of the target ``site`` end at once."""
    some = token_hex(4)
    world = World(
        postgres_server,
        database,
        tmp_path / "homes",
        tmp_path / "ganga.toml",
        f"ada_{some}",
        f"bob_{some}",
        f"robot_{some}",
    )
    roles = (world.ada, world.bob, world.robot)
    for role in roles:
        postgres_server.new_role(role, token_hex())
        await admit(postgres_server.url(database), role)
    for owner in (world.ada, world.bob):
        world.proxy(owner).parent.mkdir(parents=True)
        world.grant(owner)
    world.config.write_text(
        f'[store]\nurl = "{world.url(world.robot)}"\n[service]\nhome = "{world.homes}/{{owner}}"\n'
        '[targets.site]\naccount = "{owner}"\n'
    )
    yield world
    postgres_server.drop_database(database)
    for role in (*roles, EVIL):
        postgres_server.drop_role(role)
