"""One connection to a DISET service: TLS with the proxy, and frames of bytes in both directions.

A frame is its length in decimal digits, a colon, and so many bytes. With ``dka`` before it, it is a question or an
answer of the service's keep-alive, which nobody above needs to see.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from msgspec import Struct

from ganga.backends.dirac.envelopes import Envelope, read, write
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.web.alerts import refusal
from ganga.backends.web.failures import unreachable, untrusted, words
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable, ConfigurationError

#: Bytes of one frame; ten thousand jobs with all columns are 5 MB.
LARGEST_FRAME = 256 << 20
#: Seconds within which a connection has to be there, its TLS too.
CONNECT_WITHIN = 10.0

#: An alert is on its way when the handshake is done, unless the service is busy; one that has no complaint says
#: nothing.
_COMPLAINT_WITHIN = 10.0
_LONGEST_HEAD = 24
_KEEP_ALIVE = b"dka"
_DIGITS = b"0123456789"


class Address(Struct, frozen=True):
    """Where a service is: ``dips://host:port/System/Service``."""

    url: str
    host: str
    port: int
    service: str


def address(url: str) -> Address:
    """The parts of the address. Raises `ConfigurationError`."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in {"dips", "dip"} or not host or not port:
        raise ConfigurationError(f"{url!r} is no address of a service; expected dips://host:port/System/Service")
    return Address(url, host, port, parts.path.strip("/"))


class _Ping(Struct):
    id: int | str
    kaping: bool = False


class Frames:
    """An open connection; each of its verbs may raise `OSError`, `EOFError` or `BackendUnavailable`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str) -> None:
        self._reader = reader
        self._writer = writer
        self._where = where

    async def send(self, payload: bytes, *, prefix: bytes = b"") -> None:
        """Send one frame."""
        self._writer.write(b"%b%d:%b" % (prefix, len(payload), payload))
        await self._writer.drain()
        acknowledge_at_once(self._writer)

    async def receive(self) -> bytes:
        """The next frame that is not the keep-alive's."""
        while True:
            head = await self._head()
            payload = await self._reader.readexactly(self._length(head.removeprefix(_KEEP_ALIVE)))
            if not head.startswith(_KEEP_ALIVE):
                return payload
            await self._answer_keep_alive(payload)

    async def _head(self) -> bytes:
        try:
            return (await self._reader.readuntil(b":"))[:-1]
        except asyncio.LimitOverrunError:
            raise self._no_service(b"") from None
        except asyncio.IncompleteReadError as error:
            if error.partial.removeprefix(_KEEP_ALIVE[: len(error.partial)]).strip(_DIGITS):
                raise self._no_service(error.partial[:_LONGEST_HEAD]) from None
            raise

    def _length(self, digits: bytes) -> int:
        if len(digits) > _LONGEST_HEAD or not digits.isdigit():
            raise self._no_service(digits[:_LONGEST_HEAD])
        if int(digits) > LARGEST_FRAME:
            raise BackendUnavailable(f"{self._where} announces a reply of more than {LARGEST_FRAME >> 20} MiB")
        return int(digits)

    def _no_service(self, found: bytes) -> BackendUnavailable:
        return BackendUnavailable(f"{self._where} answers with {found!r}: something else than DIRAC is at that address")

    async def _answer_keep_alive(self, payload: bytes) -> None:
        ping = read(Envelope[_Ping], payload, self._where).opened(self._where)
        if ping.kaping:
            answer = {"OK": True, "Value": {"id": ping.id, "kaping": False}}
            await self.send(write(answer), prefix=_KEEP_ALIVE)


@asynccontextmanager
async def connected(place: Address, context: ssl.SSLContext, *, within: float) -> AsyncIterator[Frames]:
    """Open a connection, within so many seconds, and drop it again. Raises `NotSent`, `CredentialsExpired`; what the
    body raises is not touched.
    """
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    except TimeoutError as error:
        raise NotSent(f"{place.url} cannot be reached within {within:g} s; is there a network?") from error
    except OSError as error:
        raise unavailable(error, place.url, sent=False) from error
    try:
        acknowledge_at_once(writer)
        yield Frames(reader, writer, place.url)
    finally:
        writer.transport.abort()


async def complaint(place: Address, context: ssl.SSLContext) -> CredentialsExpired | None:
    """Why the service drops the connections of this proxy; None if it does not say.

    With TLS 1.3 a client has written its first frame before the service has looked at its certificate, and a service
    that then closes the connection may wipe out its own alert. Here nothing is written, and the alert arrives.
    """
    try:
        async with asyncio.timeout(_COMPLAINT_WITHIN), connected(place, context, within=_COMPLAINT_WITHIN) as frames:
            await frames.receive()
    except CredentialsExpired as error:
        return error
    except ssl.SSLError as error:
        found = unavailable(error, place.url, sent=False)
        return found if isinstance(found, CredentialsExpired) else None
    except (OSError, EOFError, BackendUnavailable):
        return None
    return None


def acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """Have the kernel acknowledge what comes next without its usual delay.

    After the TLS handshake a service writes two session tickets and then waits with its first frame until these are
    acknowledged; without this each call would stand still for 40 ms. Only Linux has the option, and forgets it soon.
    """
    if sys.platform == "linux":
        wire: socket.socket = writer.get_extra_info("socket")
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def unavailable(error: Exception, where: str, *, sent: bool) -> BackendUnavailable:
    """What the failure of a connection means; `sent` says whether the service may have begun with the request."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(error, where)
    if isinstance(error, ssl.SSLError) and (refused := refusal(str(error), where)) is not None:
        return refused
    if sent:
        return BackendUnavailable(f"{where} broke off before its reply was whole ({words(error)}); asking again later")
    return unreachable(error, where)
