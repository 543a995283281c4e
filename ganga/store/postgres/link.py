"""One connection, made when it is needed and again when it was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Final, TypeVar

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.errors import ReadOnlySqlTransaction

from ganga.errors import StoreUnavailable
from ganga.store.postgres import statements
from ganga.store.postgres.address import Address
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.failures import is_passing, translated
from ganga.store.postgres.text import Connection, escape_in

_Result = TypeVar("_Result")
Errand = Callable[[Connection, Deadline], Awaitable[_Result]]

#: The part of its time that an errand waits for a lock; the rest is for saying so. Usually more than `STANDSTILL`.
_FOR_LOCKS: Final = 0.8
#: Seconds before something is tried again: at first, and at most.
_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


class Link:
    """A connection of this name, for one errand at a time. `patience` bounds each errand in seconds."""

    def __init__(self, address: Address, name: str, patience: float) -> None:
        self.location = address.location
        self.name = name
        #: Whether the server refuses whatever would write.
        self.read_only = address.read_only
        self._conninfo = make_conninfo("", **address.named(name, _FOR_LOCKS * patience))
        self._patience = patience
        self._connection: Connection | None = None
        #: When no connection came about last, by the clock of the event loop, and why.
        self._away_at = -inf
        self._reason = psycopg.Error()

    async def run(self, errand: Errand[_Result], since: float = inf) -> _Result:
        """What the errand returns; it is done again if nothing has happened yet and the reason may have passed.

        `since` is when somebody began to wait for this: whoever waited while no connection came about does not wait
        for another. Raises `psycopg.Error`, and what the errand raises.
        """
        if self._away_at > since:
            raise self._reason.with_traceback(None)
        return await self._tried(errand, Deadline(self._patience))

    async def drop(self) -> None:
        """Let go of the connection; the next errand makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @property
    def alive(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None and not self._connection.closed

    async def connected(self, deadline: Deadline) -> Connection:
        """The connection, made anew if there is none. Raises `psycopg.Error`."""
        if self._connection is None or self._connection.closed:
            await self.drop()
            try:
                async with asyncio.timeout(deadline.left):
                    connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            except TimeoutError as error:
                raise psycopg.OperationalError("no connection came about in time") from error
            escape_in(connection)
            self._connection = connection
            with deadline.cuts(connection):
                await connection.execute(statements.DURABLE)
        return self._connection

    async def _tried(self, errand: Errand[_Result], deadline: Deadline) -> _Result:
        pause = _PAUSE
        while True:
            connection: Connection | None = None
            try:
                connection = await self.connected(deadline)
                with deadline.cuts(connection):
                    return await errand(connection, deadline)
            except psycopg.Error as error:
                if self.read_only and isinstance(error, ReadOnlySqlTransaction):
                    raise StoreUnavailable(
                        f"the store {self.location} was opened to be read only, and nothing was written; open it for "
                        "writing"
                    ) from error
                if not is_passing(error) or deadline.left <= pause:
                    if connection is None:
                        self._away_at, self._reason = asyncio.get_running_loop().time(), error
                    raise
            await self._give_up_lost()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _give_up_lost(self) -> None:
        """A server that only reads, or is going down, is left too: another may have taken its place."""
        connection = self._connection
        if connection is not None and (connection.closed or connection.info.parameter_status("in_hot_standby") == "on"):
            await self.drop()


@contextmanager
def translating(location: str) -> Iterator[None]:
    """Raises `StoreError` for what psycopg raises, and for what cannot be read."""
    try:
        yield
    except (psycopg.Error, msgspec.MsgspecError) as error:
        raise translated(error, location) from error
