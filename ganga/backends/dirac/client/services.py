"""DIRAC's services, asked by DIRAC's own client."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from ganga.backends.dirac.client.environment import environment, importable, own
from ganga.backends.dirac.client.failures import not_asked
from ganga.backends.dirac.client.here import Threads
from ganga.backends.dirac.client.process import LONGEST_TRANSFER, Helper
from ganga.backends.dirac.dirac_cfg import values
from ganga.backends.dirac.envelopes import Envelope, read
from ganga.backends.dirac.installation import installation
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.scratch import scratch_folder
from ganga.backends.dirac.services import SANDBOXES, ServiceRoad
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.alerts import Unexplained, explained
from ganga.backends.web.proxy import Proxy

T = TypeVar("T")


class Caller(Protocol):
    """Where DIRAC's client runs: `Helper` or `Threads`."""

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        ...

    async def start(self) -> None:
        """Have DIRAC ready. Raises `BackendUnavailable`."""
        ...

    async def call(
        self, title: str, question: Mapping[str, object], *, safe: bool, transfer: float | None = None
    ) -> bytes:
        """What `calls.answer` makes of the question, which may take `transfer` seconds if it moves a file. Raises
        `BackendUnavailable`.
        """
        ...

    async def close(self) -> None:
        """End what can be ended."""
        ...


_OWN: Final = "the address in DIRAC's own configuration"


class _Answer(Struct):
    """See `calls.answer`."""

    result: msgspec.Raw
    made_here: bool


class ClientServices:
    """See `Services`."""

    def __init__(
        self, caller: Caller, proxy: Proxy, addresses: Mapping[str, str], *, timeout: float, largest_file: int
    ) -> None:
        self._caller = caller
        self._proxy = proxy
        self._addresses = addresses
        self._timeout = timeout
        self._transfer = timeout + LONGEST_TRANSFER
        self._largest_file = largest_file

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        return self._caller.stuck_threads

    async def envelope(
        self, service: str, kind: type[Envelope[T]], method: str, *arguments: object, safe: bool
    ) -> Envelope[T]:
        """See `Services`."""
        # A second try at another server could submit a second time.
        words = {"kind": "method", "method": method, "arguments": list(arguments), "once": not safe}
        return read(kind, await self._ask(service, method, words, safe=safe), service)

    async def download(self, name: str, into: Path) -> None:
        """See `Services`."""
        words = {"kind": "download", "name": name, "path": str(into), "largest": self._largest_file}
        said = await self._ask(SANDBOXES, "download", words, safe=True, transfer=self._transfer)
        read(Envelope[object], said, SANDBOXES).opened(SANDBOXES)

    async def upload(self, name: str, archive: bytes) -> str:
        """See `Services`."""
        async with scratch_folder(Path(tempfile.gettempdir())) as folder:
            place = folder / name
            await asyncio.to_thread(place.write_bytes, archive)
            words = {"kind": "upload", "name": name, "path": str(place)}
            said = await self._ask(SANDBOXES, "upload", words, safe=False, transfer=self._transfer)
        return read(Envelope[str], said, SANDBOXES).opened(SANDBOXES)

    async def place(self, service: str) -> str:
        """See `Services`."""
        given = ", ".join(values(self._addresses.get(service, "")))
        return f"{service} at {given or _OWN}"

    async def close(self) -> None:
        """See `Services`."""
        await self._caller.close()

    async def _ask(
        self, service: str, verb: str, words: Mapping[str, object], *, safe: bool, transfer: float | None = None
    ) -> bytes:
        """What DIRAC's client returned, if it could ask."""
        credentials = await self._proxy.current()
        given = list(values(self._addresses.get(service, "")))
        where = {"service": service, "addresses": given, "proxy": str(self._proxy.file)}
        question = {**words, **where, "timeout": self._timeout}
        title = f"{await self.place(service)}: {verb}"
        said = await self._caller.call(title, question, safe=safe, transfer=transfer)
        answer = msgspec.json.decode(said, type=_Answer)
        if answer.made_here:
            error = not_asked(service, read(Envelope[object], bytes(answer.result), service))
            raise explained(error, credentials.chain.valid_from) if isinstance(error, Unexplained) else error
        return bytes(answer.result)


class ClientRoad(ServiceRoad):
    """See `Road`; it is `Strained` too."""

    def __init__(self, services: ClientServices, proxy: Proxy) -> None:
        super().__init__("client", services, proxy)
        self._client = services

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        return self._client.stuck_threads


@asynccontextmanager
async def open_road(settings: Settings, /) -> AsyncIterator[Road]:
    """Open the road and close it again; see `RoadModule`."""
    caller = await _caller(settings)
    proxy = (await installation(settings)).proxy
    services = ClientServices(
        caller, proxy, settings.services, timeout=settings.timeout, largest_file=settings.largest_output
    )
    road = ClientRoad(services, proxy)
    try:
        await proxy.current()
        await caller.start()
        await road.clock()
        yield road
    finally:
        await road.close()


async def _caller(settings: Settings) -> Caller:
    """In this process if it can be there, and if nothing is set that would have to hold for all of the process."""
    given = settings.client_environment or settings.dirac_cfg or settings.authorities or settings.proxy
    if not given and await asyncio.to_thread(importable):
        return Threads(Helper(own(), timeout=settings.timeout), timeout=settings.timeout)
    return Helper(await environment(settings), timeout=settings.timeout)
