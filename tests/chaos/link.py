"""A line between two processes that can be cut in the ways that networks have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Final

_CHUNK: Final = 65536
#: How the wire of PostgreSQL says that a transaction is to be committed.
_COMMIT: Final = b"COMMIT"


class Condition(StrEnum):
    """How a line is."""

    WHOLE = "whole"
    #: Nothing passes, and nobody is told; what was sent meanwhile arrives when the line is whole again.
    SILENT = "silent"
    #: Connections are reset, new ones too.
    RESET = "reset"
    #: Questions pass, answers do not.
    DEAF = "deaf"
    #: The next COMMIT passes; its answer does not, and the connection is reset.
    SNIP = "snip"
    #: Everything takes its time.
    SLOW = "slow"


class Link:
    """A TCP proxy on this machine; made by `open_link`."""

    def __init__(self, to: int, delay: float) -> None:
        #: Where to connect to, in place of where it leads.
        self.port = 0
        #: The port that it leads to, which may change.
        self.to = to
        self._delay = delay
        self._condition = Condition.WHOLE
        self._changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    def __repr__(self) -> str:
        return f"<Link {self.port} to {self.to}: {self._condition}>"

    async def become(self, condition: Condition) -> None:
        """From now on the line is like this."""
        async with self._changed:
            self._condition = condition
            self._changed.notify_all()
        if condition is Condition.RESET:
            self.reset()

    def reset(self) -> None:
        """End all connections in a way that both ends notice at once."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        self._writers.add(writer)
        try:
            await self._passes(Condition.SILENT)
            if self._condition is not Condition.RESET:
                await self._join(reader, writer)
        except OSError:
            # Either end has gone; the other one is told by the end of its connection.
            pass
        finally:
            self._writers.discard(writer)
            await _ended(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self._writers.add(far_writer)
        snip = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask(reader, far_writer, snip))
                tasks.create_task(self._tell(far_reader, writer, snip))
        except* OSError:
            pass
        finally:
            self._writers.discard(far_writer)
            await _ended(far_writer)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, snip: asyncio.Event) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._passes(Condition.SILENT)
            if self._condition is Condition.SNIP and _COMMIT in chunk:
                snip.set()
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, snip: asyncio.Event) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._passes(Condition.SILENT, Condition.DEAF)
            if snip.is_set():
                # The server has said what came of the COMMIT, and nobody will know.
                await self.become(Condition.WHOLE)
                writer.transport.abort()
                raise ConnectionResetError
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()

    async def _passes(self, *stopping: Condition) -> None:
        if self._condition is Condition.SLOW:
            await asyncio.sleep(self._delay)
        async with self._changed:
            await self._changed.wait_for(lambda: self._condition not in stopping)


async def _ended(writer: asyncio.StreamWriter) -> None:
    """Reset what is left of the connection."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def open_link(to: int, *, delay: float = 0.1) -> AsyncIterator[Link]:
    """A line to this port; `delay` is how many seconds each piece takes on a slow one."""
    link = Link(to, delay)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(link.connected(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        for task in list(tasks):
            with suppress(asyncio.CancelledError):
                await task
