"""Where metrics are served: ``9464`` and ``127.0.0.1:9464`` for this machine alone, and any other address in full."""

from typing import NamedTuple

from ganga.errors import ConfigurationError
from ganga.model.ids import shortened

LOOPBACK = "127.0.0.1"
MOST = 65535


class Address(NamedTuple):
    """A host, by name or number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """Reads an address; without a host it is that of this machine for itself. Port 0 is any that is free.

    Raises `ConfigurationError`.
    """
    head, colon, port = text.rpartition(":")
    host = head.removeprefix("[").removesuffix("]")
    bare = ":" in host and host == head
    if not (port.isascii() and port.isdigit() and int(port) <= MOST) or bare or (colon and not host):
        raise ConfigurationError(
            f"{shortened(text)!r} is not an address for metrics; expected PORT or HOST:PORT, as 9464, 0.0.0.0:9464 or"
            " [::1]:9464"
        )
    return Address(host or LOOPBACK, int(port))
