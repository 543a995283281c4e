"""The controller's clock, which is asked for now and then, and goes on as ours does in between."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

#: Seconds until it is asked for again: so late it is known at most that it was set back.
_CARRIED_ON: Final = 30.0


class Instant(NamedTuple):
    """A time of that clock."""

    #: A clock that is set back begins another era: times of two eras say nothing of each other.
    era: int
    #: Since 1970, by that clock.
    seconds: int


class ControllerClock:
    """`ask` tells the controller's time in whole seconds since 1970, and `now` ours, which is never set."""

    def __init__(self, ask: Callable[[], Awaitable[int]], now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._era = 0
        #: What it told last, and our time when that was here.
        self._told: tuple[int, float] | None = None

    async def reached(self) -> Instant:
        """A time that it has reached by now, unless it was set back within the last 30 seconds.

        Raises whatever `ask` raises.
        """
        if self._told is None or self._now() - self._told[1] >= _CARRIED_ON:
            await self._look()
        return Instant(self._era, self._carried_on())

    def forget(self) -> None:
        """It may be that of another controller from now on."""
        self._told = None
        self._era += 1

    async def _look(self) -> None:
        expected = self._carried_on()
        seconds = await self._ask()
        if seconds < expected:
            self._era += 1
        self._told = seconds, self._now()

    def _carried_on(self) -> int:
        if self._told is None:
            return 0
        seconds, since = self._told
        return seconds + int(self._now() - since)
