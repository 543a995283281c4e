"""What the spooler has told and the monitor has not been told yet."""

import asyncio
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from ganga.model.ids import Cursor


class News:
    """Ids of jobs of which something is new. What was handed over is kept until the next question shows that it arrived."""

    def __init__(self) -> None:
        self._session = secrets.token_hex(4)
        self._number = 0
        self._pending: dict[str, None] = {}
        self._handed_over: dict[str, None] = {}
        self._withheld: set[str] = set()
        self._arrived = asyncio.Event()

    def add(self, ids: Collection[str]) -> None:
        """Something is new of these."""
        self._pending.update(dict.fromkeys(ids))
        self._arrived.set()

    def wake(self) -> None:
        """End the waiting, without news."""
        self._arrived.set()

    @contextmanager
    def withheld(self, ids: Collection[str]) -> Iterator[None]:
        """Meanwhile nothing is told of these: they are being submitted, and nobody knows them yet."""
        self._withheld.update(ids)
        try:
            yield
        finally:
            self._withheld.difference_update(ids)
            self._arrived.set()

    async def wait(self, since: Cursor | None, seconds: float) -> None:
        """Wait until something is new, for so many seconds at most, or until `wake`."""
        if since != self._cursor:
            self._pending = self._handed_over | self._pending
        self._handed_over = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._next()

    def take(self) -> tuple[list[str], Cursor]:
        """All that is new, and the cursor that shows that it arrived."""
        told = [name for name in self._pending if name not in self._withheld]
        if told:
            self._number += 1
            self._handed_over = dict.fromkeys(told)
            self._pending = {name: None for name in self._pending if name in self._withheld}
        return told, self._cursor

    @property
    def _cursor(self) -> Cursor:
        return Cursor(f"{self._session}.{self._number}")

    async def _next(self) -> None:
        if self._pending.keys() - self._withheld:
            return
        self._arrived.clear()
        await self._arrived.wait()
