"""DISET, the protocol of DIRAC's older services, spoken natively: a call, and the transfer of a file.

Every call has a connection of its own, which is how the services want it.

    client:  OK [[service, setup, organisation], ["RPC", method], "", version]
    service: OK, or an error
    client:  OK [argument, ...]
    service: OK value, or an error

A file goes in parts of a mebibyte, each of which the receiver acknowledges, and at the end the digest of all.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from ganga.backends.dirac.diset_frames import (
    CONNECT_WITHIN,
    Address,
    Frames,
    address,
    complaint,
    connected,
    unavailable,
)
from ganga.backends.dirac.envelopes import Envelope, WireBytes, content, read, write
from ganga.backends.dirac.road import Refused
from ganga.backends.web.alerts import Unexplained, explained
from ganga.backends.web.proxy import Proxy
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable

#: Connections to all services of one installation at once.
CONNECTIONS = 4

#: What we say to be; services of version 8 and 9 look at the first number at most.
VERSION = "9.1.22"
_PART = 1 << 20
#: DEncode is read in Python: beyond this size in a thread, so that nothing else waits.
_READ_ASIDE = 1 << 16

T = TypeVar("T")

_Part = tuple[bool, str | WireBytes]


class Client(Struct, frozen=True, kw_only=True):
    """As whom the services know us, besides the proxy."""

    organisation: str = "unknown"
    #: Which of several installations on the same hosts; services of version 9 know one only.
    setup: str = "None"


class Diset:
    """Calls to the DISET services of one installation."""

    def __init__(self, proxy: Proxy, client: Client, *, timeout: float) -> None:
        self._proxy = proxy
        self._client = client
        self._seconds = timeout
        self._connect_within = min(timeout, CONNECT_WITHIN)
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def call(self, url: str, kind: type[Envelope[T]], method: str, *arguments: object) -> T:
        """Call a method. Raises `BackendUnavailable` (`NotSent` if the service surely has not begun with it),
        `CredentialsExpired` or `Refused`.
        """
        return (await self.envelope(url, kind, method, *arguments)).opened(url)

    async def envelope(self, url: str, kind: type[Envelope[T]], method: str, *arguments: object) -> Envelope[T]:
        """The same with all that the service says beside the value; an error of the service is not raised."""
        payload = write({"OK": True, "Value": arguments})
        async with self._talk(url, ("RPC", method)) as frames, self._whole(url, self._seconds):
            await frames.send(payload)
            reply = await frames.receive()
        return await _read(kind, reply, url)

    async def download(self, url: str, name: str, into: Path, *, at_most: int) -> None:
        """Bring a file into a new one here. Raises as `call`; `Refused` if it has more bytes than that."""
        async with self._talk(url, ("FileTransfer", "ToClient")) as frames:
            await self._ask(frames, url, [name, ""])
            with await asyncio.to_thread(into.open, "xb") as file:
                async for part in self._parts(frames, url, at_most):
                    await asyncio.to_thread(file.write, part)
            (await self._answer(frames, url, Envelope[object])).opened(url)

    async def upload(self, url: str, name: str, archive: bytes) -> str:
        """Store a file; returns the service's name for it. Raises as `call`."""
        async with self._talk(url, ("FileTransfer", "FromClient")) as frames:
            await self._ask(frames, url, [[name, {}], "", len(archive)])
            if await self._sent_parts(frames, url, archive):
                digest = hashlib.md5(archive, usedforsecurity=False).hexdigest()
                await frames.send(write({"OK": True, "Value": [False, digest]}))
            return (await self._answer(frames, url, Envelope[str])).opened(url)

    @asynccontextmanager
    async def _talk(self, url: str, action: tuple[str, str]) -> AsyncIterator[Frames]:
        """A connection on which the service has agreed to the action."""
        place = address(url)
        credentials = await self._proxy.current()
        try:
            async with self._places, connected(place, credentials.context, within=self._connect_within) as frames:
                try:
                    await self._agree(frames, place, action)
                except NotSent as error:
                    if isinstance(error.__cause__, TimeoutError):
                        raise
                    raise await complaint(place, credentials.context) or error from error
                yield frames
        except Unexplained as error:
            raise explained(error, credentials.chain.valid_from) from error

    async def _agree(self, frames: Frames, place: Address, action: tuple[str, str]) -> None:
        async with self._whole(place.url, self._seconds, sent=False):
            await frames.send(self._proposal(place, action))
            agreed = read(Envelope[object], await frames.receive(), place.url)
        agreed.opened(place.url)

    def _proposal(self, place: Address, action: tuple[str, str]) -> bytes:
        target = [place.service, self._client.setup, self._client.organisation]
        return write({"OK": True, "Value": [target, action, "", VERSION]})

    @asynccontextmanager
    async def _whole(self, url: str, seconds: float, *, sent: bool = True) -> AsyncIterator[None]:
        """Whatever breaks the connection in the block becomes one of our errors."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            kind = BackendUnavailable if sent else NotSent
            raise kind(f"{url} did not answer within {seconds:g} s; asking again later") from error
        except (OSError, EOFError) as error:
            raise unavailable(error, url, sent=sent) from error

    async def _ask(self, frames: Frames, url: str, file: list[object]) -> None:
        async with self._whole(url, self._seconds):
            await frames.send(write({"OK": True, "Value": file}))
        (await self._answer(frames, url, Envelope[object])).opened(url)

    async def _answer(self, frames: Frames, url: str, kind: type[Envelope[T]]) -> Envelope[T]:
        async with self._whole(url, self._seconds):
            return read(kind, await frames.receive(), url)

    async def _parts(self, frames: Frames, url: str, at_most: int) -> AsyncIterator[bytes]:
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        while True:
            more, wrapped = (await self._answer(frames, url, Envelope[_Part])).opened(url)
            part = content(wrapped)
            if not more:
                break
            size += len(part)
            if size > at_most:
                raise Refused(
                    f"{url}: the file has more than {at_most} bytes; the setting `largest_output` is its limit"
                )
            digest.update(part)
            yield part
            async with self._whole(url, self._seconds):
                await frames.send(write({"OK": True, "Value": None}))
        if digest.hexdigest().encode() != part:
            raise BackendUnavailable(f"{url} sent a file that does not fit its digest; asking again later")

    async def _sent_parts(self, frames: Frames, url: str, archive: bytes) -> bool:
        """Whether the service wanted all of it; it does not if it has the file already."""
        for start in range(0, len(archive), _PART):
            async with self._whole(url, self._seconds):
                await frames.send(write({"OK": True, "Value": [True, archive[start : start + _PART]]}))
            answer = await self._answer(frames, url, Envelope[object])
            if answer.AbortTransfer:
                return False
            answer.opened(url)
        return True


async def _read(kind: type[Envelope[T]], reply: bytes, url: str) -> Envelope[T]:
    if reply.startswith(b"{") or len(reply) < _READ_ASIDE:
        return read(kind, reply, url)
    return await asyncio.to_thread(read, kind, reply, url)
