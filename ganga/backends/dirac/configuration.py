"""Where the services are: as the settings say, or a ``dirac.cfg``, or the Configuration Service of the installation."""

import asyncio
import random
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ganga.backends.dirac.dirac_cfg import CfgError, Section, merged, option, parse, subsection, values
from ganga.backends.dirac.diset import Diset
from ganga.backends.dirac.envelopes import Envelope, WireBytes, content
from ganga.errors import BackendUnavailable, ConfigurationError

#: Seconds for which an answer of the Configuration Service is good.
GOOD_FOR = 1800.0

#: Bytes of a configuration; the largest known one has 5 MB.
_LARGEST = 64 << 20
_SERVERS = "/DIRAC/Configuration/Servers"


def local_configuration(setting: str, root: str | None) -> Section:
    """What a ``dirac.cfg`` on this machine says; nothing if none was named and none is there. Blocks.

    `root` is the folder of a DIRAC installation, if the environment names one. Raises `ConfigurationError`.
    """
    places = [Path(setting).expanduser()] if setting else [Path("~/.dirac.cfg").expanduser()]
    if root and not setting:
        places.insert(0, Path(root) / "etc" / "dirac.cfg")
    for place in places:
        if place.is_file():
            return _parsed(place)
    if setting:
        raise ConfigurationError(f"dirac_cfg: there is no file {setting}")
    return {}


def _parsed(file: Path) -> Section:
    try:
        return parse(file.read_text(errors="replace"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except CfgError as error:
        raise ConfigurationError(f"{file} is no configuration of DIRAC: {error}") from error


def addresses(configuration: Section, service: str, scheme: str) -> list[str]:
    """All addresses of the service (``System/Name``) for this protocol, those to be tried last at the end. Pure."""
    system, _, name = service.partition("/")
    found: list[str] = []
    for place in _places(configuration, system):
        for section, key in (("URLs", name), ("URLs", f"Tornado{name}"), ("FailoverURLs", name)):
            found += _expanded(configuration, option(place, f"{section}/{key}"))
    return list(dict.fromkeys(url for url in found if url.startswith(f"{scheme}://")))


def _places(configuration: Section, system: str) -> list[Section]:
    """Version 9 has the addresses right below the system, older ones below the instance that a setup uses."""
    setup = option(configuration, "/DIRAC/Setup")
    instance = option(configuration, f"/DIRAC/Setups/{setup}/{system}") if setup else ""
    below = subsection(configuration, f"/Systems/{system}")
    return [below, subsection(below, instance)] if instance else [below]


def _expanded(configuration: Section, text: str) -> list[str]:
    main = values(option(configuration, "/Operations/Defaults/MainServers"))
    expanded: list[str] = []
    for url in values(text):
        expanded += [url.replace("$MAINSERVERS$", host) for host in main] if "$MAINSERVERS$" in url else [url]
    return expanded


class Addresses:
    """The addresses of one installation; the Configuration Service is asked only for what nobody here knows."""

    def __init__(self, given: Mapping[str, str], local: Section, servers: Sequence[str], diset: Diset) -> None:
        self._given = given
        self._local = local
        self._servers = tuple(servers) or tuple(values(option(local, _SERVERS)))
        self._diset = diset
        self._remote: Section = {}
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def of(self, service: str, scheme: str) -> list[str]:
        """Where to try in this order. Raises `ConfigurationError` if nobody knows, `BackendUnavailable` if none of
        the Configuration Service's servers can be asked.
        """
        given = [url for url in values(self._given.get(service, "")) if url.startswith(f"{scheme}://")]
        found = given or addresses(self._local, service, scheme)
        if not found and self._servers:
            found = addresses(merged(self._local, await self._configuration()), service, scheme)
        if not found:
            raise ConfigurationError(
                f"no address of {service} for {scheme}:// is known: set one in `services`, or set `dirac_cfg` or"
                " `configuration_servers`"
            )
        return found

    async def _configuration(self) -> Section:
        async with self._asking:
            if self._asked_at is None or time.monotonic() - self._asked_at > GOOD_FOR:
                self._remote = await self._ask()
                self._asked_at = time.monotonic()
        return self._remote

    async def _ask(self) -> Section:
        failures = []
        for server in random.sample(self._servers, len(self._servers)):
            try:
                packed = await self._diset.call(server, Envelope[str | WireBytes], "getCompressedData")
                return await asyncio.to_thread(_unpacked, content(packed), server)
            except BackendUnavailable as error:
                failures.append(error)
        raise failures[0]


def _unpacked(packed: bytes, server: str) -> Section:
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(packed, _LARGEST)
        if not inflater.eof:
            raise BackendUnavailable(f"{server} sent a configuration that is cut short or larger than {_LARGEST} bytes")
        return parse(text.decode(errors="replace"))
    except (zlib.error, CfgError) as error:
        raise BackendUnavailable(f"{server} sent a configuration that cannot be read: {error}") from error
