"""What the spooler has told and the monitor has not been told yet."""

import asyncio
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final

from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Observation

#: Jobs in one answer, which is not to take long.
_PART: Final = 1000


class News:
    """Jobs of which something is new. What was handed over is kept until the next question shows that it arrived."""

    def __init__(self) -> None:
        self._session = secrets.token_hex(4)
        self._number = 0
        self._pending: dict[NativeId, Observation | None] = {}
        self._handed_over: dict[NativeId, Observation | None] = {}
        self._withheld: set[NativeId] = set()
        self._arrived = asyncio.Event()

    def add(self, news: Mapping[NativeId, Observation | None]) -> None:
        """Something is new of these; None where it has yet to be found out what."""
        self._pending.update(news)
        self._arrived.set()

    def wake(self) -> None:
        """End the waiting, without news."""
        self._arrived.set()

    @contextmanager
    def withheld(self, ids: Collection[NativeId]) -> Iterator[None]:
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

    def take(self) -> tuple[Mapping[NativeId, Observation | None], Cursor]:
        """What is new, or a good part of it, and the cursor that shows that it arrived."""
        told = dict(
            islice(((name, self._pending[name]) for name in self._pending if name not in self._withheld), _PART)
        )
        if told:
            self._number += 1
            self._handed_over = told
            self._pending = {name: said for name, said in self._pending.items() if name not in told}
        return told, self._cursor

    @property
    def _cursor(self) -> Cursor:
        return Cursor(f"{self._session}.{self._number}")

    async def _next(self) -> None:
        if self._pending.keys() - self._withheld:
            return
        self._arrived.clear()
        await self._arrived.wait()
