"""Connections that present a grid proxy, and another one as soon as that has been renewed."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

from ganga.backends.web.alerts import refusal
from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.http import Http, Judge
from ganga.backends.web.proxy import Credentials, Proxy

_PORT: Final = 443
#: Seconds within which a server looks at a proxy, however busy it is. One that hangs up says so at once.
_COMPLAINT_WITHIN: Final = 10.0


class Presenting:
    """Connections to any number of hosts under one identity; `judge` says which replies are believed."""

    def __init__(self, proxy: Proxy, *, timeout: float, judge: Judge) -> None:
        self._proxy = proxy
        self._seconds = timeout
        self._judge = judge
        self._servers: dict[str, Http] = {}
        #: Connections with the proxy before the present one: calls may still be under way on them.
        self._retired: list[Http] = []
        self._presented: Credentials | None = None

    @property
    def context(self) -> ssl.SSLContext | None:
        """With what was presented last; None before the first time."""
        return None if self._presented is None else self._presented.context

    async def to(self, url: str) -> Http:
        """Connections to the host of this address with the proxy as it is now; a renewed one begins new ones.

        Raises `CredentialsExpired`.
        """
        credentials = await self._proxy.current()
        if credentials is not self._presented:
            self._presented = credentials
            await self._retire()
        host = urlsplit(url).netloc
        if host not in self._servers:
            self._servers[host] = Http(
                f"https://{host}", timeout=self._seconds, tls=credentials.context, judge=self._judge
            )
        return self._servers[host]

    async def complaint(self, url: str) -> CredentialsExpired | None:
        """Why the host of this address hangs up on the proxy; None if it does not say.

        With TLS 1.3 a client has written before the server has looked at its certificate, and a server that hangs up
        then may wipe out its own alert. Here nothing is written, and the alert arrives.
        """
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(_COMPLAINT_WITHIN):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port or _PORT, ssl=self.context)
                try:
                    await reader.read(1)
                finally:
                    writer.transport.abort()
        except ssl.SSLError as error:
            return refusal(str(error), f"https://{parts.netloc}")
        except OSError:
            return None
        return None

    async def close(self) -> None:
        """Close all connections."""
        await self._retire()
        await self._retire()

    async def _retire(self) -> None:
        """Use the present connections no more, and close those that were retired the last time."""
        retired, self._retired = self._retired, list(self._servers.values())
        self._servers = {}
        for server in retired:
            await server.close()
