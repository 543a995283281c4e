"""Road 2: DIRAC's HTTPS services: web forms over connections that are kept, with the grid proxy as certificate."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from ganga.backends.dirac.configuration import Addresses
from ganga.backends.dirac.diset import Client
from ganga.backends.dirac.diset_frames import Address, complaint, unavailable
from ganga.backends.dirac.envelopes import Envelope, arguments, read
from ganga.backends.dirac.installation import installation
from ganga.backends.dirac.road import CredentialsExpired, Road
from ganga.backends.dirac.services import SANDBOXES, ServiceRoad
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.alerts import Unexplained, explained
from ganga.backends.web.http import Http
from ganga.backends.web.presenting import Presenting
from ganga.backends.web.proxy import Proxy
from ganga.backends.web.replies import NotSent, Reply, not_ready, redirected
from ganga.errors import BackendUnavailable

T = TypeVar("T")

_Ask = Callable[[Http, str], Awaitable[Reply]]

_PORT = 443
_JSON = "application/json"
_FILE = "application/octet-stream"


class HttpsServices:
    """See `Services`."""

    def __init__(
        self, proxy: Proxy, addresses: Addresses, client: Client, *, timeout: float, largest_file: int
    ) -> None:
        self._proxy = proxy
        self._addresses = addresses
        self._client = client
        self._largest_file = largest_file
        self._connections = Presenting(proxy, timeout=timeout, judge=judged)

    async def envelope(
        self, service: str, kind: type[Envelope[T]], method: str, *values: object, safe: bool
    ) -> Envelope[T]:
        """See `Services`."""
        form = self._form(method, values)

        async def ask(server: Http, url: str) -> Reply:
            return await (server.read if safe else server.write)("POST", url, form=form)

        url, reply = await self._anywhere(service, ask)
        return read(kind, reply.body, url)

    async def download(self, name: str, into: Path) -> None:
        """See `Services`."""
        place = name.replace(f"/{SANDBOXES}", "/WorkloadManagement/TornadoSandboxStore", 1)
        form = {**self._form("streamToClient", (place, "")), "rawContent": "True"}

        async def ask(server: Http, url: str) -> Reply:
            return await server.save(url, form=form, kind=_FILE, into=into, at_most=self._largest_file)

        url, reply = await self._anywhere(SANDBOXES, ask)
        if reply.kind != _FILE:
            read(Envelope[object], reply.body, url).opened(url)
            raise BackendUnavailable(f"{url} sent {reply.kind} instead of a file; asking again later")

    async def upload(self, name: str, archive: bytes) -> str:
        """See `Services`."""
        values = ([name, {}], "", len(archive), archive)
        answer = await self.envelope(SANDBOXES, Envelope[str], "streamFromClient", *values, safe=False)
        return answer.opened(SANDBOXES)

    async def place(self, service: str) -> str:
        """See `Services`."""
        return ", ".join(await self._addresses.of(service, "https"))

    async def close(self) -> None:
        """See `Services`."""
        await self._connections.close()

    def _form(self, method: str, values: tuple[object, ...]) -> dict[str, str]:
        client = {"clientVO": self._client.organisation, "clientSetup": self._client.setup}
        return {"method": method, "args": arguments(values).decode(), **client}

    async def _anywhere(self, service: str, ask: _Ask) -> tuple[str, Reply]:
        """The reply of the first address that can be reached."""
        first: NotSent | None = None
        for url in await self._addresses.of(service, "https"):
            try:
                return url, await self._post(url, ask)
            except NotSent as error:
                first = first or error
        raise first or NotSent(f"{service} has no address")

    async def _post(self, url: str, ask: _Ask) -> Reply:
        server = await self._connections.to(url)
        try:
            return await ask(server, url)
        except BackendUnavailable as error:
            found = await self._complaint(error, url)
            if isinstance(found, Unexplained):
                found = explained(found, (await self._proxy.current()).chain.valid_from)
            raise found or error from error.__cause__

    async def _complaint(self, error: BackendUnavailable, url: str) -> CredentialsExpired | None:
        """What the service has against the proxy, if that is why the connection broke."""
        found = _refused_proxy(error, url)
        broken = isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, TimeoutError)
        context = self._connections.context
        if found is None and broken and not isinstance(error, NotSent) and context is not None:
            parts = urlsplit(url)
            place = Address(url, parts.hostname or "", parts.port or _PORT, parts.path)
            found = await complaint(place, context)
        return found


def judged(reply: Reply, name: str, _expected: tuple[int, ...]) -> Reply:
    """The reply, if it is a service's answer and not an error of what stands before the service."""
    status = reply.status
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise not_ready(reply, name)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        advice = "is the certificate registered with this DIRAC, and is the proxy's group one of yours?"
        raise CredentialsExpired(f"{name} does not accept the proxy ({status}); {advice}")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.NOT_IMPLEMENTED}:
        raise BackendUnavailable(f"{name} has no such service ({status}); is the address that of the right service?")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise redirected(reply, name)
    if status != HTTPStatus.OK:
        raise BackendUnavailable(f"{name} failed ({status}); asking again later")
    if reply.kind not in {_JSON, _FILE}:
        found = f"{name} answered with {reply.kind[:60]} instead of JSON"
        raise BackendUnavailable(f"{found}: something else, such as a login page, seems to answer at its address")
    return reply


def _refused_proxy(error: BackendUnavailable, url: str) -> CredentialsExpired | None:
    """What a service says of the proxy within TLS, which arrives when the handshake is long over."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLCertVerificationError):
            found = unavailable(cause, url, sent=False)
            return found if isinstance(found, CredentialsExpired) else None
        cause = cause.__cause__ or cause.__context__
    return None


@asynccontextmanager
async def open_road(settings: Settings, /) -> AsyncIterator[Road]:
    """Open the road and close it again; see `RoadModule`."""
    found = await installation(settings)
    services = HttpsServices(
        found.proxy,
        found.addresses,
        found.client,
        timeout=settings.timeout,
        largest_file=settings.largest_output,
    )
    road = ServiceRoad("https", services, found.proxy)
    try:
        await road.clock()
        yield road
    finally:
        await road.close()
