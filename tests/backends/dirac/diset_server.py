"""A DISET service that says what a test wants it to say, over real TLS."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from tests.backends.dirac.identities import Identities

Message: TypeAlias = Mapping[str, object]


class Caller:
    """One client, as the service sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hear(self) -> dict[str, object]:
        """The next message, without the prefix of the keep-alive."""
        head = await self._reader.readuntil(b":")
        body = await self._reader.readexactly(int(head[:-1].removeprefix(b"dka")))
        message: dict[str, object] = json.loads(body)
        return message

    async def say(self, message: Message, prefix: bytes = b"") -> None:
        body = json.dumps(message).encode()
        await self.write(prefix + b"%d:" % len(body) + body)

    async def agree(self) -> None:
        """Hear what is wanted, and agree."""
        await self.hear()
        await self.say({"OK": True, "Value": None})

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> None:
        """Wait until the client has left."""
        await self._reader.read()


@asynccontextmanager
async def serving(identities: Identities, behave: Callable[[Caller], Awaitable[None]]) -> AsyncIterator[str]:
    """The address of a service that behaves like this to everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identities.folder / "host.pem")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(Caller(reader, writer))
        except (OSError, EOFError):
            pass  # The client has left, which is its right.
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"dips://localhost:{server.sockets[0].getsockname()[1]}/WorkloadManagement/JobMonitoring"
