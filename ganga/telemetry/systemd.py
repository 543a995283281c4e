"""Tells systemd how a service fares, by the protocol of sd_notify(3): a datagram with a few ``NAME=value`` lines."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

#: Signs of life in the time that systemd waits for one.
SIGNS = 3

_log = logging.getLogger(__name__)


class Notifier:
    """Says nothing where no service manager listens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._patience = _patience(environment)

    def tell(self, **news: str | int) -> None:
        """Send one datagram; ``STATUS`` is the sentence that ``systemctl status`` shows."""
        if not self._address:
            return
        text = "\n".join(f"{name}={value}" for name, value in news.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0.0)
                sender.sendto(text.encode(), self._address)
        except OSError as error:
            _log.warning("systemd cannot be told %s: %s", ", ".join(news), error)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The service is ready now, and stops when the block is left.

        Meanwhile the running event loop gives signs of life, if systemd waits for them: one that hangs gives none, and
        the service is restarted.
        """
        alive = None if self._patience is None else asyncio.create_task(self._live(self._patience), name="systemd")
        self.tell(READY=1)
        try:
            yield
        finally:
            self.tell(STOPPING=1)
            if alive is not None:
                alive.cancel()

    async def _live(self, patience: float) -> None:
        while True:
            self.tell(WATCHDOG=1)
            await asyncio.sleep(patience / SIGNS)


def _patience(environment: Mapping[str, str]) -> float | None:
    """Seconds for which systemd waits for a sign of life; None if it waits for none of this process."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environment.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) > 0 else None
