"""Connect to a computing element with the proxy of this user."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ganga.backends.arc.backend import ArcBackend
from ganga.backends.arc.files import remove
from ganga.backends.arc.service import Service, judged
from ganga.backends.arc.settings import Settings
from ganga.backends.web.presenting import Presenting
from ganga.backends.web.proxy import Proxy, authorities_folder, proxy_file
from ganga.errors import BackendUnavailable, ConfigurationError

#: The command by which users of ARC make a proxy.
_MAKER: Final = "arcproxy"
_REST: Final = "/rest"


@asynccontextmanager
async def connected(settings: Settings, folder: Path) -> AsyncIterator[ArcBackend]:
    """See that the element answers; `folder` is for files on their way. Raises `BackendUnavailable` or
    `ConfigurationError`.
    """
    url = address(settings.url)
    await asyncio.to_thread(_prepare, folder)
    trusted = authorities_folder(settings.authorities, os.environ.get("X509_CERT_DIR"))
    proxy = Proxy(proxy_file(settings.proxy, os.environ.get("X509_USER_PROXY")), trusted, maker=_MAKER)
    service = Service(url, Presenting(proxy, timeout=settings.timeout, judge=judged))
    try:
        await service.open()
        yield ArcBackend(service, proxy, settings, folder)
    finally:
        await service.close()


def address(url: str) -> str:
    """That of the element's web service, with or without what comes behind it. Raises `ConfigurationError`."""
    try:
        parts = urlsplit(url)
        named = parts.scheme == "https" and parts.hostname and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        parts, named = urlsplit(""), False
    if not named:
        raise ConfigurationError(f"url: {url!r} is no address of ARC; write one such as https://arc.example.org/arex")
    return f"https://{parts.netloc}{parts.path.partition(_REST)[0].rstrip('/')}"


def _prepare(folder: Path) -> None:
    """Make the folder, and remove what an earlier process left in it. Blocks."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob("inputs-*"):
            remove(left)
    except OSError as error:
        raise BackendUnavailable(f"the folder for input files cannot be made: {error}; make it writable") from error
