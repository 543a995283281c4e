"""Road 1: DiracX, REST over HTTPS."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.diracx_session import Session
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.token_file import TokenFile
from ganga.backends.dirac.tokens import Grant, TokenKeeper
from ganga.backends.dirac.transfers import Transfers
from ganga.backends.web.http import Http, tls_context
from ganga.errors import ConfigurationError

#: Where DIRAC's own tools keep their tokens.
DEFAULT_CREDENTIALS = "~/.cache/diracx/credentials.json"
#: DIRAC's own name for whoever uses its interface; the server asks for no secret.
CLIENT = "myDIRACClientID"


@asynccontextmanager
async def open_road(settings: Settings, /) -> AsyncIterator[DiracX]:
    """See `RoadModule.open_road`."""
    url = _address(settings.diracx_url or os.environ.get("DIRACX_URL", ""))
    trusted = await asyncio.to_thread(tls_context, settings.authorities, os.environ.get("X509_CERT_DIR"))
    http = Http(f"DiracX at {url}", timeout=settings.timeout, tls=trusted)
    store = Transfers(f"DiracX at {url}", timeout=settings.timeout, tls=trusted)
    session = Session(url, http, TokenKeeper(TokenFile(_credentials(settings)), renewal(url, http)))
    road = DiracX(session, store, largest_output=settings.largest_output)
    try:
        await session.check()
        yield road
    finally:
        await road.close()


def _credentials(settings: Settings) -> Path:
    place = settings.diracx_credentials or os.environ.get("DIRACX_CREDENTIALS_PATH") or DEFAULT_CREDENTIALS
    return Path(place).expanduser()


def renewal(url: str, http: Http) -> Callable[[str], Awaitable[Grant]]:
    """How tokens are renewed at this server; see `TokenKeeper`."""

    async def renew(refresh_token: str) -> Grant:
        form = {"client_id": CLIENT, "grant_type": "refresh_token", "refresh_token": refresh_token}
        reply = await http.write("POST", f"{url}/api/auth/token", form=form)
        return reply.read(Grant, f"DiracX at {url}")

    return renew


def _address(text: str) -> str:
    """The address without a slash at its end. Raises `ConfigurationError` for one that tokens must not be sent to."""
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ConfigurationError(
            f"diracx_url is {text!r}; expected an address such as 'https://diracx.example.org', here or in DIRACX_URL"
        )
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ConfigurationError(f"diracx_url is {text!r}; tokens are sent over https only")
    return text.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
