"""What the server notifies of, heard over one connection, on behalf of any number of listeners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import md5
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from ganga.errors import StoreError
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.queueing import Links, Queue
from ganga.store.postgres.text import Connection, escaped

#: Seconds after which one looks in any case: a notification is a hint, and anybody may send one.
POLL: Final = 2.0
#: Seconds between two looks at the least, however often notifications come.
_REST: Final = 0.02


def news_channel(owner: str) -> str:
    """Where `statements.NOTIFY` tells of an owner's events."""
    return f"ganga_{_digest(owner)}"


def trust_channel(service: str) -> str:
    """Where the table ``ganga.grants`` tells that somebody trusts the service, or no longer does."""
    return f"ganga_trust_{_digest(service)}"


class Channels:
    """Listens while anybody wants to hear. Where it cannot connect, those who listen look now and then."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._queue = Queue(links)
        self._hints: dict[str, set[asyncio.Event]] = {}
        #: What the server sends over which connection.
        self._heard: set[str] = set()
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._hearing: asyncio.Timeout | None = None

    @asynccontextmanager
    async def hints(self, channel: str) -> AsyncIterator[asyncio.Event]:
        """Set when it is time to look: something was told, or may have been missed."""
        hint = asyncio.Event()
        self._hints.setdefault(channel, set()).add(hint)
        self._changed()
        try:
            yield hint
        finally:
            self._hints[channel].discard(hint)
            if not self._hints[channel]:
                del self._hints[channel]
            self._changed()

    async def close(self) -> None:
        """End it, and disconnect."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._queue.close()
        await self._links.close()

    def _changed(self) -> None:
        """Have the connection hear what is wanted now."""
        if self._hearing is not None and not self._hearing.expired():
            self._hearing.reschedule(0.0)
        if self._hints and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._listen(), name="store listens")

    async def _listen(self) -> None:
        while self._hints:
            connection = self._connection
            if connection is not None and not connection.closed and self._heard == self._hints.keys():
                await self._hear(connection)
            else:
                await self._begin()
            if not self._hints:
                await self._links.drop()

    async def _begin(self) -> None:
        try:
            await self._queue.run(self._begun)
        except StoreError:
            # Whoever looks is told the same.
            await asyncio.sleep(POLL)

    async def _begun(self, connection: Connection, _deadline: Deadline) -> None:
        """What came before the server began to send is looked for."""
        if connection is not self._connection:
            self._connection, self._heard = connection, set()
        wanted = set(self._hints)
        new = wanted - self._heard
        changes = [("LISTEN {}", new), ("UNLISTEN {}", self._heard - wanted)]
        statements = [SQL(words).format(Identifier(channel)) for words, channels in changes for channel in channels]
        if statements:
            await connection.execute(SQL("; ").join(statements), prepare=False)
        self._heard = wanted
        for channel in new:
            self._tell(channel)

    async def _hear(self, connection: Connection) -> None:
        """Returns when other channels are wanted, or the connection was lost."""
        try:
            async with asyncio.timeout(None) as self._hearing:
                async for told in connection.notifies():
                    self._tell(told.channel)
        except TimeoutError:
            pass
        except psycopg.OperationalError:
            await connection.close()
        finally:
            self._hearing = None

    def _tell(self, channel: str) -> None:
        for hint in self._hints.get(channel, ()):
            hint.set()


async def hinted(hint: asyncio.Event, seconds: float = POLL) -> None:
    """Returns when there is a hint, or none for so long."""
    await asyncio.sleep(_REST)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await hint.wait()


def _digest(name: str) -> str:
    return md5(escaped(name).encode(), usedforsecurity=False).hexdigest()
