"""Waiting for events: those who wait are woken by the number of the newest event."""

import asyncio

from ganga.model.ids import Seq


class News:
    """The number of the newest event known here, and who waits for a larger one. Belongs to one event loop."""

    def __init__(self) -> None:
        self.seq = Seq(0)
        self._waiters: dict[asyncio.Future[None], Seq] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def announce(self, seq: Seq) -> None:
        """There are events up to this one."""
        self.seq = max(self.seq, seq)
        for waiter, after in self._waiters.items():
            if after < self.seq and not waiter.done():
                waiter.set_result(None)

    def fail(self, error: Exception) -> None:
        """It cannot be known whether there are events: all who wait are told so."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)

    async def wait(self, after: Seq, seconds: float) -> bool:
        """True as soon as an event behind `after` is announced, False after so many seconds without one."""
        if self.seq > after:
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = after
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            del self._waiters[waiter]
        return True
