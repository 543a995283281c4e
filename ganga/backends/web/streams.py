"""Files over HTTP: as they come, and for as long as their size needs."""

import asyncio
from pathlib import Path

import aiohttp

from ganga.backends.web.errors import Refused

#: Bytes a second: a transfer that is slower on the whole is given up.
SLOWEST = 50_000
#: Seconds within which a connection has to be there.
CONNECT_WITHIN = 10.0
_CHUNK = 1 << 16


def limits(seconds: float, size: int) -> aiohttp.ClientTimeout:
    """For a file of so many bytes at most, from a server that is given up when it is silent for so many seconds."""
    return aiohttp.ClientTimeout(
        total=seconds + size / SLOWEST, sock_connect=min(seconds, CONNECT_WITHIN), sock_read=seconds
    )


async def save(response: aiohttp.ClientResponse, into: Path, at_most: int) -> None:
    """Bring the body into a new file. Raises `Refused` if it has more bytes, or `OSError`."""
    size = 0
    with await asyncio.to_thread(into.open, "xb") as file:
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > at_most:
                raise Refused(f"the output has more than {at_most} bytes: raise the setting `largest_output`")
            await asyncio.to_thread(file.write, chunk)
