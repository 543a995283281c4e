"""One connection, made when it is needed and again when it was lost; one errand at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Final, TypeVar

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from ganga.errors import StoreUnavailable
from ganga.store.postgres import statements
from ganga.store.postgres.address import Address
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.failures import is_passing, translated
from ganga.store.postgres.text import Connection, escape_in
from ganga.store.rules import closed

_Result = TypeVar("_Result")

#: The part of its time that an errand waits for a lock; the rest is for saying so. Usually more than `STANDSTILL`.
_FOR_LOCKS: Final = 0.8
#: Seconds before something is tried again: at first, and at most.
_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


class Link:
    """A connection of this name. `patience` bounds each errand in seconds, from its turn on; those who stood behind one
    that waited in vain do not wait again.

    An errand ends by itself: whoever waits for it may be cancelled, and the connection stays in order.
    """

    def __init__(self, address: Address, name: str, patience: float) -> None:
        self.location = address.location
        self._conninfo = make_conninfo("", **address.named(name, _FOR_LOCKS * patience))
        self._patience = patience
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        #: When an errand gave up last, by the clock of the event loop, and why.
        self._lost_at = -inf
        self._loss = psycopg.OperationalError()
        self._errands: set[asyncio.Task[object]] = set()
        self._closing = False

    async def run(self, errand: Callable[[Connection, Deadline], Awaitable[_Result]]) -> _Result:
        """What the errand returns; it is done again if nothing has happened yet and the reason may have passed.

        Raises `StoreError`.
        """
        if self._closing:
            raise closed(self.location)
        task = asyncio.create_task(self._run(errand), name=f"store {self.location}")
        self._errands.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Finish what was given so far and disconnect; may be repeated."""
        self._closing = True
        if self._errands:
            await asyncio.wait(self._errands)
        await self.drop()

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

    async def _run(self, errand: Callable[[Connection, Deadline], Awaitable[_Result]]) -> _Result:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with translating(self.location):
            async with self._turn:
                if self._lost_at > began:
                    raise translated(self._loss, self.location) from self._loss
                try:
                    return await self._tried(errand, Deadline(self._patience))
                except psycopg.OperationalError as error:
                    self._lost_at, self._loss = loop.time(), error
                    raise
                except StoreUnavailable:
                    self._lost_at, self._loss = loop.time(), psycopg.OperationalError("what came before waited in vain")
                    raise

    async def _tried(self, errand: Callable[[Connection, Deadline], Awaitable[_Result]], deadline: Deadline) -> _Result:
        pause = _PAUSE
        while True:
            try:
                connection = await self.connected(deadline)
                with deadline.cuts(connection):
                    return await errand(connection, deadline)
            except psycopg.Error as error:
                if not is_passing(error) or deadline.left <= pause:
                    raise
            await self._give_up_lost()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _give_up_lost(self) -> None:
        """A server that only reads, or is going down, is left too: another may have taken its place."""
        connection = self._connection
        if connection is not None and (connection.closed or connection.info.parameter_status("in_hot_standby") == "on"):
            await self.drop()

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._errands.discard(task)
        if not task.cancelled():
            # Nobody may have waited for the end.
            task.exception()


@contextmanager
def translating(location: str) -> Iterator[None]:
    """Raises `StoreError` for what psycopg raises, and for what cannot be read."""
    try:
        yield
    except (psycopg.Error, msgspec.MsgspecError) as error:
        raise translated(error, location) from error
