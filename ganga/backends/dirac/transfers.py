"""Files to and from the store of a server, by addresses that carry their own permission: no token goes there."""

import asyncio
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp

from ganga.backends.web.errors import Refused
from ganga.backends.web.failures import unavailable
from ganga.backends.web.http import CONNECTIONS
from ganga.backends.web.streams import limits, save
from ganga.errors import BackendUnavailable

#: How S3 says that it has no such file. What stands before a store that is away may say 404 too, but not this.
_NO_SUCH_FILE: Final = b"<Code>NoSuchKey</Code>"
#: Bytes of an error in which that is looked for.
_LONGEST_ERROR: Final = 4096


class Transfers:
    """The store of the server that errors call `name`; a store that is silent for `timeout` seconds is given up."""

    def __init__(self, name: str, *, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self._name = name
        self._seconds = timeout
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, force_close=True, ssl=True if tls is None else tls)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    async def upload(self, url: str, fields: Mapping[str, str], file: Path) -> None:
        """Post a file with these fields as a web form. Raises `BackendUnavailable`."""
        content = await asyncio.to_thread(file.read_bytes)
        form = aiohttp.FormData(fields)
        form.add_field("file", content, filename=file.name)
        try:
            within = limits(self._seconds, len(content))
            async with self._session.post(url, data=form, allow_redirects=False, timeout=within) as response:
                self._check(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable(error, self._name, self._seconds) from error

    async def download(self, url: str, into: Path, *, at_most: int) -> None:
        """Bring a file. Raises `BackendUnavailable`, `Refused` if it has more bytes or the store does not have it, or
        `OSError`.
        """
        try:
            async with self._session.get(
                url, allow_redirects=False, timeout=limits(self._seconds, at_most)
            ) as response:
                if response.status == HTTPStatus.NOT_FOUND and _NO_SUCH_FILE in await _beginning(response):
                    raise Refused(f"the store of {self._name} no longer has the file")
                self._check(response)
                await save(response, into, at_most)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable(error, self._name, self._seconds) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _check(self, response: aiohttp.ClientResponse) -> None:
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise BackendUnavailable(f"the store of {self._name} answered {response.status}; asking again later")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Of what the store says, which may come in pieces."""
    said = bytearray()
    while len(said) < _LONGEST_ERROR and (piece := await response.content.read(_LONGEST_ERROR - len(said))):
        said += piece
    return bytes(said)
