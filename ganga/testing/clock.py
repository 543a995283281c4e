"""Time that passes only when nothing else is to be done: hours of waiting in an instant, in the same order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from ganga.model.clock import Moment, Monotonic, Utc

_T = TypeVar("_T")

#: The zero of virtual time: 2026-01-01T00:00:00Z.
EPOCH = Utc(1767225600.0)


class VirtualClock:
    """Both clocks of a made-up world, moved by hand or by a `VirtualLoop`."""

    def __init__(self, start: Utc = EPOCH) -> None:
        self._start = start
        #: Seconds since the start.
        self.elapsed = 0.0

    def __call__(self) -> Moment:
        """What both clocks show now."""
        return Moment(Monotonic(self.elapsed), Utc(self._start + self.elapsed))

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` for a negative time."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds} seconds")
        self.elapsed += seconds


class _Jumping(selectors.DefaultSelector):
    """A selector that does not wait for the time-out but lets it pass."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self._clock.advance(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when nothing else is to be done.

    Waiting for threads and for other processes is real and takes no virtual time as long as no timer is set: a time
    limit around such a wait runs out at once.
    """

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        super().__init__(_Jumping(self.clock))

    def time(self) -> float:
        """Virtual seconds."""
        return self.clock.elapsed

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - theirs
        """Wait for the threads without a limit: one in virtual time would be over at once."""
        await super().shutdown_default_executor()


def run_virtual(main: Coroutine[Any, Any, _T], clock: VirtualClock | None = None) -> _T:
    """Like `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)
