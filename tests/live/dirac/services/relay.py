"""Between a road and a service: passes bytes on, and cuts the service's after so many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def relayed(port: int, *, cut_after: int) -> AsyncIterator[int]:
    """The port of a relay to this port of this machine."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("localhost", port)
        asking = asyncio.create_task(_pass(reader, here, None))
        try:
            await _pass(there, writer, cut_after)
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            writer.transport.abort()
            here.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while data := await reader.read(4096):
            data = data if limit is None else data[: limit - passed]
            writer.write(data)
            await writer.drain()
            passed += len(data)
            if passed == limit:
                return
