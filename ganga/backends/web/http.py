"""HTTP as back ends need it: a reply is whole, or it is an error whose words say what is wrong and what to do.

Reads go over connections that are kept, and once more over a fresh one if the kept one turns out to be broken. All else
always goes over a fresh one: were a kept one to break, nobody would know whether the server got the request. Redirects
are not followed, so that no token goes to a place that nobody named.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlencode

import aiohttp
import msgspec

from ganga.backends.web.failures import unavailable
from ganga.backends.web.replies import Reply, judged
from ganga.backends.web.streams import CONNECT_WITHIN, limits, save
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.clock import Utc

Judge: TypeAlias = Callable[[Reply, str, tuple[int, ...]], Reply]

#: Connections to one server at once.
CONNECTIONS = 4
#: Seconds for which an idle connection is kept.
KEPT = 15.0
#: Bytes of a reply; ten thousand jobs with all columns are 5 MB.
LARGEST_REPLY = 256 << 20

#: What is between numbers in JSON and means nothing in a form: quoting a thousand of them takes as long as all else.
_PLAIN = ',:[]{}"'

#: An error after which a request may be made again: the connection broke before there was a reply.
_BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


class Http:
    """Connections to one server, which errors call `name`; use it as an async context manager.

    `judge` says which replies are believed, and raises for the others.
    """

    def __init__(self, name: str, *, timeout: float, tls: ssl.SSLContext | None = None, judge: Judge = judged) -> None:
        self._name = name
        self._judge = judge
        self._seconds = timeout
        within = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_WITHIN))
        trusted: ssl.SSLContext | bool = True if tls is None else tls
        kept = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT, ssl=trusted)
        fresh = aiohttp.TCPConnector(limit=CONNECTIONS, force_close=True, ssl=trusted)
        self._kept = aiohttp.ClientSession(connector=kept, timeout=within, cookie_jar=aiohttp.DummyCookieJar())
        self._fresh = aiohttp.ClientSession(connector=fresh, timeout=within, cookie_jar=aiohttp.DummyCookieJar())
        self._server_ahead: float | None = None
        self._heard_at = 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._kept.close()
        await self._fresh.close()

    def clock(self, *, within: float) -> Utc | None:
        """The server's time by its last reply, if that is no older than so many seconds; right to a second."""
        if self._server_ahead is None or time.monotonic() - self._heard_at > within:
            return None
        return Utc(time.monotonic() + self._server_ahead)

    async def read(
        self,
        method: str,
        url: str,
        *,
        content: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: tuple[int, ...] = (),
    ) -> Reply:
        """Ask for something; asking changes nothing there. `content` is sent as JSON, unless it is bytes, or `form` as
        a web form; replies with an `expected` status beyond 2xx are returned too. Raises `BackendUnavailable`,
        `CredentialsExpired` or `Refused`.
        """
        data, all_headers = _sent(content, form, headers)
        try:
            try:
                reply = await self._exchange(self._kept, method, url, data, all_headers)
            except _BROKEN as error:
                if isinstance(error, aiohttp.ClientConnectorError):
                    raise
                reply = await self._exchange(self._fresh, method, url, data, all_headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unavailable(error, self._name, self._seconds) from error
        return self._judge(reply, self._name, expected)

    async def write(
        self,
        method: str,
        url: str,
        *,
        content: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Request a change, once; `content` and `form` are sent as by `read`. Raises as `read`, or `NotSent`."""
        data, all_headers = _sent(content, form, headers)
        try:
            reply = await self._exchange(self._fresh, method, url, data, all_headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unavailable(error, self._name, self._seconds) from error
        return self._judge(reply, self._name, ())

    async def save(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        kind: str,
        into: Path,
        at_most: int,
        expected: tuple[int, ...] = (),
    ) -> Reply:
        """Ask for a file, by a web form or without, which goes into a new one here as it comes; the reply is then
        without it. What comes in another content type than `kind` is a reply as any. Raises as `read`; `Refused` if it
        has more bytes; `OSError`.
        """
        session, method = (self._kept, "GET") if form is None else (self._fresh, "POST")
        data, headers = _sent(None, form, None)
        within = limits(self._seconds, at_most)
        try:
            async with session.request(
                method, url, data=data, headers=headers, allow_redirects=False, timeout=within
            ) as response:
                head = Reply(response.status, response.headers, b"", response.reason or "")
                if response.status != HTTPStatus.OK or head.kind != kind:
                    return self._judge(await self._whole(response), self._name, expected)
                await save(response, into, at_most)
                return head
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable(error, self._name, self._seconds) from error

    async def upload(self, url: str, content: bytes | Path) -> Reply:
        """Put a file there, from memory or from a file here. Raises as `write`, or `OSError`."""
        size = len(content) if isinstance(content, bytes) else (await asyncio.to_thread(content.stat)).st_size
        try:
            with (
                BytesIO(content) if isinstance(content, bytes) else await asyncio.to_thread(content.open, "rb")
            ) as data:
                async with self._fresh.put(
                    url, data=data, allow_redirects=False, timeout=limits(self._seconds, size)
                ) as response:
                    return self._judge(await self._whole(response), self._name, ())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable(error, self._name, self._seconds) from error

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        data: bytes | aiohttp.FormData | None,
        headers: Mapping[str, str] | None,
    ) -> Reply:
        async with session.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
            return await self._whole(response)

    async def _whole(self, response: aiohttp.ClientResponse) -> Reply:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > LARGEST_REPLY:
                raise BackendUnavailable(f"{self._name} sent a reply of more than {LARGEST_REPLY >> 20} MiB")
        self._set_clock(response.headers.get("Date"))
        return Reply(response.status, response.headers, bytes(body), response.reason or "")

    def _set_clock(self, date: str | None) -> None:
        if date is None:
            return
        try:
            said = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        self._heard_at = time.monotonic()
        self._server_ahead = said - self._heard_at


def tls_context(authorities: str, certificates: str | None) -> ssl.SSLContext:
    """Verifies servers by the setting `authorities`, or without it by the system's and by those of the grid in the
    folder `certificates`. Blocks. Raises `ConfigurationError`.
    """
    try:
        if authorities:
            return _context(Path(authorities).expanduser())
        context = ssl.create_default_context()
        if certificates and Path(certificates).is_dir():
            context.load_verify_locations(capath=certificates)
    except (OSError, ssl.SSLError) as error:
        place = f"the setting `authorities`, {authorities!r}," if authorities else f"X509_CERT_DIR, {certificates!r},"
        raise ConfigurationError(f"{place} is no folder or file with certificates of authorities: {error}") from error
    return context


def _sent(
    content: object, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
) -> tuple[bytes | None, Mapping[str, str]]:
    if form is None:
        return _json(content, headers)
    # Encoded here, since aiohttp's own form cannot be sent a second time.
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return urlencode(form, safe=_PLAIN).encode(), {**kind, **(headers or {})}


def _json(content: object, headers: Mapping[str, str] | None) -> tuple[bytes | None, Mapping[str, str]]:
    if content is None or isinstance(content, bytes):
        return content, headers or {}
    return msgspec.json.encode(content), {"Content-Type": "application/json", **(headers or {})}


def _context(place: Path) -> ssl.SSLContext:
    if place.is_dir():
        return ssl.create_default_context(capath=str(place))
    return ssl.create_default_context(cafile=str(place))
