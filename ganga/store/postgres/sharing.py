"""The stores of all who trust one role, a service account, over a few connections of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ganga.store.postgres import statements
from ganga.store.postgres.acting import Acting, enter
from ganga.store.postgres.address import Address, read_address
from ganga.store.postgres.channels import POLL, hinted, trust_channel
from ganga.store.postgres.connections import Connections, connections
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.queueing import Queue
from ganga.store.postgres.store import PostgresStore, prepare
from ganga.store.postgres.text import Connection

#: So many connections read, and so many write: whoever asks for much still leaves one to all others.
_MANY: Final = 2


@asynccontextmanager
async def open_shared(url: str, *, patience: float = 5.0) -> AsyncIterator["SharedStores"]:
    """The stores of all who trust the role that connects, in this database. `patience` bounds every call, in seconds.

    Raises `ConfigurationError`, `StoreUnavailable`, `StoreDamaged` and `StoreTooNew`.
    """
    address = read_address(url)
    async with connections(address, patience, _MANY) as shared:
        asking = Queue(shared.reading)
        role, identity = await asking.run(lambda connection, deadline: _prepared(connection, deadline, address))
        try:
            # Heard all the time: those who wait come back.
            async with shared.channels.hints(trust_channel(role)):
                yield SharedStores(shared, asking, role, identity)
        finally:
            await asking.close()


class SharedStores:
    """Made by `open_shared`. Belongs to one event loop."""

    def __init__(self, shared: Connections, asking: Queue, role: str, identity: str) -> None:
        #: For people, without any password.
        self.location = shared.address.location
        #: Of the database; each owner's store has one of its own.
        self.id = identity
        #: The role that connects.
        self.role = role
        self._shared = shared
        self._asking = asking

    def __repr__(self) -> str:
        return f"<SharedStores {self.id}: {self.location} for {self.role}>"

    async def owners(self) -> frozenset[str]:
        """Those who trust the role now, without itself. Raises `StoreError`."""

        async def errand(connection: Connection, _deadline: Deadline) -> frozenset[str]:
            return frozenset(owner for (owner,) in await (await connection.execute(statements.OWNERS)).fetchall())

        return await self._asking.run(errand)

    async def wait(self, known: frozenset[str], seconds: float) -> frozenset[str]:
        """The owners, as soon as they are others than those known, or after so many seconds. Raises `StoreError`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async with self._shared.channels.hints(trust_channel(self.role)) as hint:
            while True:
                hint.clear()
                owners = await self.owners()
                left = end - loop.time()
                if owners != known or left <= 0:
                    return owners
                await hinted(hint, min(POLL, left))

    @asynccontextmanager
    async def owned(self, owner: str) -> AsyncIterator[PostgresStore]:
        """The store of one who trusts the role. Its calls raise `NotTrusted` from when that was taken back.

        Raises what `open_postgres` raises: `ConfigurationError` for somebody who does not trust the role.
        """

        async def errand(connection: Connection, _deadline: Deadline) -> tuple[Acting, str]:
            return await enter(connection, owner)

        entering = Queue(self._shared.reading)
        acting, identity = await entering.run(errand)
        store = PostgresStore(self._shared, acting, identity)
        try:
            await store.check_here()
            yield store
        finally:
            await store.close()


async def _prepared(connection: Connection, deadline: Deadline, address: Address) -> tuple[str, str]:
    """The role, and the id of the database."""
    await prepare(connection, deadline, address)
    [(role, identity)] = await (await connection.execute(statements.DATABASE)).fetchall()
    return role, identity
