"""How long somebody else takes, without the time for which this process itself stood still."""

import asyncio
from typing import Final

#: Seconds between two looks at the clock.
BEAT: Final = 0.5


class Stopwatch:
    """Runs from when it is made, on the running event loop, until `stop`.

    While the process was stopped, or the loop was held, nobody can say who was slow: of such a time no more than two
    beats count.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = 0.0
        self._seen = self._loop.time()
        self._next = self._loop.call_later(BEAT, self._beat)

    def stop(self) -> float:
        """The seconds that have passed."""
        self._next.cancel()
        self._look()
        return self._seconds

    def _beat(self) -> None:
        self._look()
        self._next = self._loop.call_later(BEAT, self._beat)

    def _look(self) -> None:
        now = self._loop.time()
        self._seconds += min(now - self._seen, 2 * BEAT)
        self._seen = now
