from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from secrets import token_hex

import psycopg
import pytest
from psycopg.rows import TupleRow

from ganga.store.postgres.rights import admit
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.testing.store_checks.kit import AT, HERE, new_job, save, take
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled
from tests.store.postgres.filling import filled

#: What alice has, and nobody else is to know.
HIDDEN = "hidden-name"


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """One that may be stopped and killed."""
    del postgres_server
    needs(check, NotInstalled)
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def large(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a store with many jobs."""
    with filled(postgres_server) as url:
        yield url


@dataclass(frozen=True)
class Users:
    """Roles of one server, and how they reach one database."""

    server: PostgresServer
    database: str
    alice: str
    bob: str
    robot: str

    def url(self, role: str) -> str:
        return self.server.url(self.database, role)

    def connected(self, role: str) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self.url(role), autocommit=True)


@pytest.fixture
async def users(postgres_server: PostgresServer, database: str) -> AsyncIterator[Users]:
    some = token_hex(4)
    users = Users(postgres_server, database, f"alice_{some}", f"bob_{some}", f"robot_{some}")
    roles = (users.alice, users.bob, users.robot)
    for role in roles:
        postgres_server.new_role(role, token_hex())
        await admit(postgres_server.url(database), role)
    yield users
    postgres_server.drop_database(database)
    for role in roles:
        postgres_server.drop_role(role)


@pytest.fixture
async def alice(users: Users) -> AsyncIterator[PostgresStore]:
    """The store of somebody who has something to lose: job 1 with subjobs, a lease, and events 1 to 3."""
    async with open_postgres(users.url(users.alice)) as store:
        record = await store.create(new_job(2, name=HIDDEN), AT)
        lease = await take(store)
        await save(store, lease, record, attempts=[record])
        await store.pause(HERE, paused=True, by="ada", at=AT)
        yield store


@pytest.fixture
def attacker(users: Users, alice: PostgresStore) -> Iterator[psycopg.Connection[TupleRow]]:
    """Bob, who has jobs of his own, and an open connection."""
    del alice
    with users.connected(users.bob) as connection:
        connection.execute("INSERT INTO ganga.leases (target, holder, epoch, beat) VALUES ('here', 'bob', 1, 0)")
        connection.execute("INSERT INTO ganga.counters (seq) VALUES (7)")
        yield connection
