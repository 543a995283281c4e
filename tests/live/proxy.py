"""A proxy of the tests in front of a real HTTP server, which cuts, delays and damages what the server says.

A *fault* is what happens to one exchange: a coroutine function that is given the `Exchange`. `faithful` is none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"

#: Opens a connection to the server.
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Exchange:
    """One request, and the connection that its reply is awaited on."""

    def __init__(self, request: bytes, number: int, server: Connect, writer: asyncio.StreamWriter) -> None:
        self.request = request
        #: Which of the connection's requests it is, from 1 on.
        self.number = number
        self._server = server
        self._writer = writer

    async def ask(self) -> bytes:
        """The server's whole reply."""
        reader, writer = await self._server()
        try:
            writer.write(self.request)
            return await _message(reader) or b""
        finally:
            writer.close()

    async def send(self, content: bytes) -> None:
        """Send this to the client."""
        self._writer.write(content)
        await self._writer.drain()

    def break_off(self) -> None:
        """End the connection, hard."""
        self._writer.transport.abort()


Fault = Callable[[Exchange], Awaitable[None]]


async def faithful(exchange: Exchange) -> None:
    """What the server says, as it says it."""
    await exchange.send(await exchange.ask())


async def silent(exchange: Exchange) -> None:
    """Accepted, and never answered."""
    del exchange
    await asyncio.Event().wait()


async def lost(exchange: Exchange) -> None:
    """The server has done it, and nobody hears of that."""
    await exchange.ask()
    exchange.break_off()


async def broken_when_reused(exchange: Exchange) -> None:
    """A connection is good for one request, and breaks with the second."""
    if exchange.number > 1:
        exchange.break_off()
    else:
        await faithful(exchange)


async def trickled(exchange: Exchange) -> None:
    """A byte now and then, without end in sight."""
    for byte in await exchange.ask():
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.1)


def answers(status: str, kind: str, body: bytes, *headers: str) -> Fault:
    """This, whatever is asked; the server does not hear of it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]

    async def fault(exchange: Exchange) -> None:
        await exchange.send("\r\n".join(lines).encode() + _HEAD_END + body)

    return fault


def altered(change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> Fault:
    """The head and the body of the server's reply, changed; the length is told as it is then."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.ask()).partition(_HEAD_END)
        head, body = change(head, body)
        await exchange.send(_with_length(head, len(body)) + _HEAD_END + body)

    return fault


def cut(part: float) -> Fault:
    """This part of the reply's body, then the end of the connection."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.ask()).partition(_HEAD_END)
        await exchange.send(head + _HEAD_END + body[: int(len(body) * part)])
        exchange.break_off()

    return fault


class Proxy:
    """Use it as an async context manager; `fault` may be changed at any time."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = (parts.hostname, parts.port)
        self._listener: asyncio.Server | None = None
        self._refuses = False
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.fault: Fault = faithful
        #: The requests that came, by their first lines.
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Accept connections, on the same port each time."""
        self._refuses = False
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse connections, and end those that there are."""
        assert self._listener is not None
        self._refuses = True
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._refuses:
            # It was accepted just before.
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            await exchanged(reader, writer, self._connect, self._suffer)
        except (ConnectionError, asyncio.CancelledError):
            # The client, or the test, has had enough.
            return
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _suffer(self, exchange: Exchange) -> None:
        self.requests.append(exchange.request.partition(b"\r\n")[0].decode())
        await self.fault(exchange)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self._server)


async def exchanged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: Connect, fault: Fault) -> None:
    """All exchanges on one connection of a client, one after the other, each with this fault."""
    number = 0
    while request := await _message(reader):
        number += 1
        await fault(Exchange(request, number, server, writer))


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """A whole request or reply, which tells its length; None at the end of the connection."""
    try:
        head = await reader.readuntil(_HEAD_END)
        return head + await reader.readexactly(_length(head))
    except asyncio.IncompleteReadError:
        return None


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _with_length(head: bytes, length: int) -> bytes:
    others = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([*others, f"Content-Length: {length}".encode()])
