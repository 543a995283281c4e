"""Until when a call may last: then its connection is cut, and nothing that the network does can hold it longer."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from ganga.store.postgres.text import Connection


class Deadline:
    """So many seconds from now, by the clock of the running event loop."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.at = self._loop.time() + seconds

    @property
    def left(self) -> float:
        """Seconds, 0 if it has passed."""
        return max(0.0, self.at - self._loop.time())

    def extend(self, seconds: float) -> None:
        """Give a call more time that has more to do than most."""
        self.at += seconds

    @contextmanager
    def cuts(self, connection: Connection, *, share: float = 1.0) -> Iterator[None]:
        """Cut the connection when this share of the time that is left has passed."""
        watch = _Watch(self, connection, self.left * (1.0 - share))
        try:
            yield
        finally:
            watch.timer.cancel()


class _Watch:
    """Looks whether no more time is left than is to be spared; a deadline may have been put off meanwhile."""

    def __init__(self, deadline: Deadline, connection: Connection, spared: float) -> None:
        self._deadline = deadline
        self._connection = connection
        self._spared = spared
        self.timer = self._set()

    def _set(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(self._deadline.at - self._spared, self._look)

    def _look(self) -> None:
        if self._deadline.left > self._spared:
            self.timer = self._set()
        else:
            _cut(self._connection)


def _cut(connection: Connection) -> None:
    """To libpq it looks as if the server had gone, which ends whatever waits for it."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
