"""A line of the tests between a store and its server, which can be cut at a chosen moment, or fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from tests.live.postgres_server.server import PostgresServer

_CHUNK: Final = 1 << 16


class Line:
    """Accepts connections, and carries them on to the server's socket."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        #: What the store must have said for the next cut; None for no cut.
        self.word: bytes | None = None
        #: Whether the server hears that word, and acts on it, before the line is cut.
        self.heard = True
        #: Nothing is carried any longer, and nobody is told; also from the next word on.
        self.silent = False
        self.falls_silent = False
        #: The number of cuts so far.
        self.cuts = 0

    def url(self, database: str) -> str:
        return self._server.tcp_url(database, "postgres", port=self.port)

    def cut_at(self, word: bytes, *, heard: bool) -> None:
        self.word, self.heard = word, heard

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            socket = self._server.folder / f".s.PGSQL.{self._server.port}"
            to_server = await asyncio.open_unix_connection(str(socket))
            self._writers.add(to_server[1])
            await self._carry_both((reader, writer), to_server)
        except OSError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _carry_both(
        self,
        store: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        back = asyncio.create_task(self._carry(server[0], store[1]))
        try:
            while chunk := await store[0].read(_CHUNK):
                if self.word is not None and self.word in chunk:
                    if self.falls_silent:
                        self.silent = True
                        continue
                    await self._cut(chunk, server, back)
                    return
                if not self.silent:
                    server[1].write(chunk)
        finally:
            back.cancel()
            for writer in (store[1], server[1]):
                writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            if not self.silent:
                writer.write(chunk)
        writer.transport.abort()

    async def _cut(
        self, chunk: bytes, server: tuple[asyncio.StreamReader, asyncio.StreamWriter], back: asyncio.Task[None]
    ) -> None:
        """The server answers, and nobody hears that; or it has heard nothing."""
        self.word = None
        self.cuts += 1
        back.cancel()
        with suppress(asyncio.CancelledError):
            await back
        if self.heard:
            server[1].write(chunk)
            await server[0].read(_CHUNK)

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line_to(server: PostgresServer) -> AsyncIterator[Line]:
    """A faithful line, until it is told otherwise."""
    line = Line(server)
    listener = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = listener.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        listener.close()
        await line.close()
