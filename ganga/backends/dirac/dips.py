"""Road 3: DIRAC's DISET services, which an installation of any version has."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from ganga.backends.dirac.configuration import Addresses
from ganga.backends.dirac.diset import Diset
from ganga.backends.dirac.envelopes import Envelope
from ganga.backends.dirac.installation import installation
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.services import SANDBOXES, ServiceRoad
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.replies import NotSent

T = TypeVar("T")


class DipsServices:
    """See `Services`."""

    def __init__(self, diset: Diset, addresses: Addresses, *, largest_file: int) -> None:
        self._diset = diset
        self._addresses = addresses
        self._largest_file = largest_file

    async def envelope(
        self, service: str, kind: type[Envelope[T]], method: str, *arguments: object, safe: bool
    ) -> Envelope[T]:
        """See `Services`."""
        del safe  # Every call has a connection of its own: whether it was sent is known.
        return await self._anywhere(service, lambda url: self._diset.envelope(url, kind, method, *arguments))

    async def download(self, name: str, into: Path) -> None:
        """See `Services`."""
        await self._anywhere(SANDBOXES, lambda url: self._diset.download(url, name, into, at_most=self._largest_file))

    async def upload(self, name: str, archive: bytes) -> str:
        """See `Services`."""
        return await self._anywhere(SANDBOXES, lambda url: self._diset.upload(url, name, archive))

    async def place(self, service: str) -> str:
        """See `Services`."""
        return ", ".join(await self._addresses.of(service, "dips"))

    async def close(self) -> None:
        """See `Services`; every call has closed its own connection."""

    async def _anywhere(self, service: str, call: Callable[[str], Awaitable[T]]) -> T:
        """The first address that can be reached, the main ones in a new order each time."""
        first: NotSent | None = None
        for url in await self._addresses.of(service, "dips"):
            try:
                return await call(url)
            except NotSent as error:
                first = first or error
        raise first or NotSent(f"{service} has no address")


@asynccontextmanager
async def open_road(settings: Settings, /) -> AsyncIterator[Road]:
    """Open the road and close it again; see `RoadModule`."""
    found = await installation(settings)
    services = DipsServices(found.diset, found.addresses, largest_file=settings.largest_output)
    road = ServiceRoad("dips", services, found.proxy)
    try:
        await road.clock()
        yield road
    finally:
        await road.close()
