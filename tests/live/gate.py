"""A gate of the tests in front of a real server: what comes through it passes, or is in trouble.

Clients speak TLS with the gate, and the gate speaks with the server in its own way: so the trouble may be in the
network, in TLS, in bytes or in what they mean.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from tests.live import proxy

_PORTION = 4096
_PAUSE = 0.2


@dataclass(frozen=True)
class Visit:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    #: Connects to the server.
    server: proxy.Connect


Act = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True)
class Trouble:
    """What becomes of visits."""

    act: Act
    #: Whether connections are accepted at all.
    accepts: bool = True
    #: Whether the handshake of TLS takes place.
    secured: bool = True
    #: The certificate that the gate shows; None for a good one.
    certificate: str | None = None


async def passed(visit: Visit) -> None:
    """All bytes, in both directions."""
    await _relayed(visit, _all_of_it)


async def unheard(visit: Visit) -> None:
    """Taken up, listened to, and never answered."""
    while await visit.reader.read(_PORTION):
        pass


async def dropped(visit: Visit) -> None:
    """Ended as soon as it has begun."""
    visit.writer.transport.abort()


def cut(after: int) -> Act:
    """So many bytes of the server, then the end of the connection."""

    async def some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = after
        while left and (data := await reader.read(min(left, _PORTION))):
            await _sent(writer, data)
            left -= len(data)

    return lambda visit: _relayed(visit, some)


def stalled(after: int) -> Act:
    """So many bytes of the server, then nothing more."""

    async def some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = after
        while left and (data := await reader.read(min(left, _PORTION))):
            await _sent(writer, data)
            left -= len(data)
        await asyncio.Event().wait()

    return lambda visit: _relayed(visit, some)


def trickled(rate: int) -> Act:
    """So many bytes of the server a second."""

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(max(int(rate * _PAUSE), 1)):
            await _sent(writer, data)
            await asyncio.sleep(_PAUSE)

    return lambda visit: _relayed(visit, slowly)


def says(content: bytes) -> Act:
    """This, as soon as something is asked, and the end of the connection."""

    async def act(visit: Visit) -> None:
        await visit.reader.read(_PORTION)
        await _sent(visit.writer, content)

    return act


def over_http(fault: proxy.Fault) -> Act:
    """One request after the other, with this fault."""

    async def act(visit: Visit) -> None:
        await proxy.exchanged(visit.reader, visit.writer, visit.server, fault)

    return act


CALM = Trouble(passed)


class Gate:
    """Use it as an async context manager. `certificates` are what it may show, ``good`` among them; `inside` is how it
    speaks to the server.
    """

    def __init__(
        self, host: str, port: int, certificates: dict[str, ssl.SSLContext], inside: ssl.SSLContext | None
    ) -> None:
        self._host = host
        self._server_port = port
        self._certificates = certificates
        self._inside = inside
        self._listener: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._trouble = CALM
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.suffer(CALM)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def suffer(self, trouble: Trouble) -> None:
        """From now on; the visits that there are end. The port stays the same."""
        self._trouble = trouble
        await self._close()
        if not trouble.accepts:
            return
        context = self._certificates[trouble.certificate or "good"] if trouble.secured else None
        receive = partial(self._receive, trouble)
        self._listener = await asyncio.start_server(receive, "127.0.0.1", self.port, ssl=context)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for task in self._visits:
            task.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._server_port, ssl=self._inside)

    async def _receive(self, trouble: Trouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if trouble is not self._trouble:
            # It was accepted just before, and knows nothing of what there is now.
            writer.transport.abort()
            return
        self._visits.add(task)
        try:
            await trouble.act(Visit(reader, writer, self._connect))
        except (OSError, EOFError, asyncio.CancelledError):
            # The client, the server or the test has had enough.
            return
        finally:
            self._visits.discard(task)
            writer.transport.abort()


async def _relayed(visit: Visit, answered: Callable[..., Awaitable[None]]) -> None:
    reader, writer = await visit.server()
    asking = asyncio.create_task(_all_of_it(visit.reader, writer))
    try:
        await answered(reader, visit.writer)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        writer.transport.abort()


async def _all_of_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_PORTION):
            await _sent(writer, data)


async def _sent(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
