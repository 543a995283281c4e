"""Waiting for what others write: the server notifies, and a slow look stands behind that."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from ganga.errors import StoreError
from ganga.model.ids import Seq
from ganga.store.news import News
from ganga.store.postgres import statements
from ganga.store.postgres.address import Address
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.link import Link
from ganga.store.postgres.text import Connection

#: Seconds after which one looks in any case: a notification is a hint, and anybody may send one.
POLL: Final = 2.0
#: Seconds between two looks at the least, however often notifications come.
_REST: Final = 0.02
#: Seconds for which the connection is kept when nobody waits any longer: most come back.
_LINGER: Final = 10.0


class Listener:
    """Announces to `news` what `last_seq` finds, while anybody waits there."""

    def __init__(
        self, address: Address, owner: str, patience: float, news: News, last_seq: Callable[[], Awaitable[Seq]]
    ) -> None:
        self._link = Link(address, "ganga listens", patience)
        self._owner = owner
        self._news = news
        self._last_seq = last_seq
        self._patience = patience
        self._task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin, unless that was done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="store listens")

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._link.close()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        waited = loop.time()
        connection: Connection | None = None
        try:
            while self._news or loop.time() < waited + _LINGER:
                if connection is None or connection.closed:
                    connection = await self._link.run(self._begun)
                if self._news:
                    waited = loop.time()
                    self._news.announce(await self._last_seq())
                await self._notified(connection)
        except StoreError as error:
            self._news.fail(error)
        finally:
            await self._link.drop()

    async def _begun(self, connection: Connection, _deadline: Deadline) -> Connection:
        [(channel,)] = await (await connection.execute(statements.LISTEN, (self._owner,))).fetchall()
        await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        return connection

    async def _notified(self, connection: Connection) -> None:
        """Returns when there is a hint, or none for long."""
        await asyncio.sleep(_REST)
        with suppress(psycopg.OperationalError):
            # A connection that was lost is made anew, and what was missed is looked for.
            async for _ in connection.notifies(timeout=POLL, stop_after=1):
                pass
