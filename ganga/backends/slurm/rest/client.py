"""Requests to ``slurmrestd``: a reply is whole, or it is an error whose words say what is wrong and what to do.

Connections are kept: where one is to be closed after its reply, the server of 22.05 says so behind the reply, and that
cannot be read. All that is asked may be asked twice. Redirects are not followed, so that no token goes to a place that
nobody named.

An error is sent twice by 25.11, which says with the first that it is the last on that connection. Two that come
together cannot be read: so it is known that it is an error, and not which one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

import aiohttp

from ganga.backends.slurm.rest.replies import complaint, numbers_of_errors
from ganga.backends.slurm.rest.token import Token
from ganga.backends.web.failures import unavailable
from ganga.backends.web.http import tls_context
from ganga.backends.web.replies import Reply, not_ready
from ganga.errors import BackendProtocolError, BackendUnavailable, ConfigurationError
from ganga.model.ids import shortened

#: Requests at once.
CONNECTIONS: Final = 4
#: Bytes of a reply: 50,000 jobs.
_LARGEST_REPLY: Final = 1 << 28
#: Slurm's number for a token that the controller does not accept.
_NOT_AUTHENTIC: Final = 1007
#: What a proxy says that stands before a ``slurmrestd`` and guards it.
_NOT_NOW: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
#: The newest first; each Slurm knows a few of them.
_VERSIONS: Final = tuple(f"v0.0.{number}" for number in range(45, 37, -1))
#: In these a 24.11 says that all is well of a job that it may not end. A 23.11 does not; which it is nobody asks.
_WITHOUT_REFUSALS: Final = frozenset({"v0.0.39", "v0.0.40", "v0.0.41"})


#: In place of the status of an error that cannot be read.
_GARBLED: Final = 0
#: What is said of a version that is not known, and perhaps of one that is.
_UNKNOWN: Final = frozenset({HTTPStatus.NOT_FOUND, _GARBLED})


class Answered(NamedTuple):
    """A whole reply."""

    status: int
    body: bytes


class RestClient:
    """One ``slurmrestd``."""

    def __init__(
        self, session: aiohttp.ClientSession, place: "Place", token: Callable[[], Awaitable[Token]], within: float
    ) -> None:
        self._session = session
        self._base = place.base
        self._name = f"slurmrestd at {place.name}"
        self._token = token
        self._within = within
        self._version: str | None = None

    @property
    def tells_of_refusals(self) -> bool:
        """Whether an order that was not carried out is known from one that was, by the version that was asked last."""
        return self._version not in _WITHOUT_REFUSALS

    async def ask(self, method: str, path: str) -> Answered:
        """Ask for something below ``/slurm/VERSION/``. Raises `BackendUnavailable` and `BackendProtocolError`."""
        if self._version is None:
            self._version = await self._find_version()
        answered = await self._request(method, f"/slurm/{self._version}/{path}")
        if answered.status in _UNKNOWN:
            # Another Slurm may have been installed.
            self._version = None
        return answered

    def unavailable(self, answered: Answered) -> BackendUnavailable:
        """The error for a reply that says that something went wrong."""
        if answered.status == _GARBLED:
            return BackendUnavailable(
                f"{self._name} answers in a way that cannot be read: is the right server at its address? That of 25.11 "
                "says so what it refuses; if it is the token, get a new one with `scontrol token`"
            )
        return BackendUnavailable(f"{self._name} fails with status {answered.status}: {complaint(answered.body)}")

    async def _find_version(self) -> str:
        answered = Answered(_GARBLED, b"")
        for version in _VERSIONS:
            answered = await self._request("GET", f"/slurm/{version}/ping")
            if answered.status == HTTPStatus.OK:
                return version
            if answered.status not in _UNKNOWN:
                raise self.unavailable(answered)
        if answered.status == _GARBLED:
            raise self.unavailable(answered)
        raise BackendProtocolError(
            f"{self._name} knows none of the versions {_VERSIONS[-1]} to {_VERSIONS[0]} of its "
            "interface; is the setting `rest_url` right, and does it load its plug-in openapi/v0.0.38 or a later one?"
        )

    async def _request(self, method: str, path: str) -> Answered:
        token = await self._token()
        headers = {"X-SLURM-USER-NAME": token.user, "X-SLURM-USER-TOKEN": token.text}
        said: Mapping[str, str] = {}
        try:
            async with self._session.request(
                method, f"{self._base}{path}", headers=headers, allow_redirects=False
            ) as response:
                answered = Answered(response.status, await self._whole(response))
                said = response.headers
        except aiohttp.ClientResponseError:
            answered = Answered(_GARBLED, b"")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Without the cause, which quotes the token.
            raise unavailable(error, self._name, self._within) from None
        if _is_not_accepted(answered, token):
            raise BackendUnavailable(
                f"{self._name} does not accept the token of {token.user}; get a new one with `scontrol token`"
            )
        if answered.status in _NOT_NOW:
            raise not_ready(Reply(answered.status, said, answered.body), self._name)
        return answered

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _LARGEST_REPLY:
                raise BackendUnavailable(f"slurmrestd sent a reply of more than {_LARGEST_REPLY:,} bytes")
        return bytes(body)


class Place(NamedTuple):
    """Where a ``slurmrestd`` is."""

    #: As the settings have it.
    name: str
    #: What paths are put behind.
    base: str
    #: A socket of this machine; empty for one that is reached by its name.
    socket: str


def place(url: str) -> Place:
    """What the setting ``rest_url`` means. A token goes in the clear within this machine only.

    Raises `ConfigurationError`.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Place(url, "http://localhost", parts.path)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts)):
        return Place(url, url.rstrip("/"), "")
    raise ConfigurationError(
        f"the setting `rest_url` is {shortened(url)!r}; expected https://HOST:PORT, http://localhost:PORT or "
        "unix:///PATH: over http a token could be read on its way to another machine"
    )


@asynccontextmanager
async def connected(
    url: str, token: Callable[[], Awaitable[Token]], within: float, authorities: str = ""
) -> AsyncIterator[RestClient]:
    """A client of the ``slurmrestd`` there, which is not asked anything yet. Raises `ConfigurationError`."""
    where = place(url)
    limit = aiohttp.ClientTimeout(total=within)
    async with aiohttp.ClientSession(
        connector=await _connector(where, authorities), timeout=limit, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield RestClient(session, where, token, within)
    # Connections over TLS take a turn of the loop more to be closed.
    await asyncio.sleep(0)


def _is_not_accepted(answered: Answered, token: Token) -> bool:
    """Whether it is the token that is wrong. Where the controller refuses it that is an error of the server, and 22.05
    does not say which.
    """
    if answered.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return True
    if answered.status < HTTPStatus.INTERNAL_SERVER_ERROR and answered.status != _GARBLED:
        return False
    ended = token.ends_at is not None and token.ends_at <= time.time()
    return ended or _NOT_AUTHENTIC in numbers_of_errors(answered.body)


async def _connector(where: Place, authorities: str) -> aiohttp.BaseConnector:
    if where.socket:
        return aiohttp.UnixConnector(where.socket, limit=CONNECTIONS)
    trusted = await asyncio.to_thread(tls_context, authorities, None)
    return aiohttp.TCPConnector(limit=CONNECTIONS, ssl=trusted)


def _is_here(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
