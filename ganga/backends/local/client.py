"""One monitor as the spooler sees it: what it asks for, and what it is still to be told. Standard library only."""

import socket
from typing import Final

#: News in one piece.
_AT_ONCE: Final = 200


class Client:
    """A connection that never blocks. News are kept as a set, so that a slow monitor costs little and misses
    nothing.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        self.connection = connection
        self._received = b""
        self._to_send = b""
        #: What is said of each job; empty where the files say it.
        self._news: dict[str, str] = {}

    def receive(self) -> list[list[str]] | None:
        """The lines that have come, as words; None once it is gone."""
        try:
            received = self.connection.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not received:
            return None
        *lines, self._received = (self._received + received).split(b"\n")
        return [line.decode("ascii", "replace").split() for line in lines if line.strip()]

    def tell(self, *words: str) -> None:
        """Send a line."""
        self._to_send += (" ".join(words) + "\n").encode()

    def add_news(self, tag: str, said: str) -> None:
        """Tell of this job, once, however often it changes before that."""
        self._news[tag] = said

    def send(self) -> bool:
        """Send what can be sent; whether something is left."""
        while self._to_send or self._news:
            if not self._to_send:
                for _ in range(min(_AT_ONCE, len(self._news))):
                    self.tell("news", *self._news.popitem())
            try:
                self._to_send = self._to_send[self.connection.send(self._to_send) :]
            except BlockingIOError:
                return True
            except OSError:
                self._to_send = b""
                self._news.clear()
        return False
