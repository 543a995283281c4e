"""Measures how long the event loop is held, and names who holds it.

A heartbeat on the loop says that it turns; a thread beside it notices when the heartbeat stands still, and takes down
where the loop's thread is at that moment, which no measurement from the loop itself can tell. A machine that is busy or
was asleep gives neither of them its turn in time: that is nobody's fault, and is not told.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

from ganga.model.clock import Monotonic
from ganga.monitor.instruments import SILENT, LoopHeld, LoopTurned, Observer

#: Frames shown of whoever holds the loop, innermost last.
_FRAMES = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hold:
    """The loop was held once."""

    #: At least so long, in seconds.
    seconds: float
    #: Where its thread was, as ``file:line in function``, outermost first.
    culprit: str


class Watchdog:
    """Watches the loop on which it is entered, until the block is left."""

    def __init__(self, *, beat: float = 0.1, tolerance: float = 0.2, observer: Observer = SILENT) -> None:
        self._beat = beat
        self._tolerance = tolerance
        self._observer = observer
        self._last_beat = time.monotonic()
        self._stop = threading.Event()
        #: The next beat. A bare timer: a task that sleeps would have the loop turn twice for each.
        self._heart: asyncio.TimerHandle | None = None
        #: Lags of the latest beats, in seconds.
        self.lags: deque[float] = deque(maxlen=600)
        #: The latest times that the loop was held for longer than tolerated.
        self.holds: deque[Hold] = deque(maxlen=20)

    async def __aenter__(self) -> Self:
        self._last_beat = time.monotonic()
        self._stop.clear()
        self._schedule()
        loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, args=(loop_thread,), name="ganga watchdog", daemon=True).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._heart is not None:
            self._heart.cancel()

    def _schedule(self) -> None:
        due = time.monotonic() + self._beat
        self._heart = asyncio.get_running_loop().call_later(self._beat, self._beats, due)

    def _beats(self, due: float) -> None:
        self._last_beat = time.monotonic()
        lag = max(0.0, self._last_beat - due)
        self.lags.append(lag)
        self._observer.tell(LoopTurned(lag, Monotonic(self._last_beat + self._beat)))
        self._schedule()

    def _watch(self, loop_thread: int) -> None:
        told = 0.0
        while not self._stop.wait(self._tolerance):
            last_beat = self._last_beat
            held = time.monotonic() - last_beat - self._beat
            if held <= self._tolerance or last_beat == told:
                continue
            frame = sys._current_frames().get(loop_thread)  # noqa: SLF001 - the documented way to look at a thread
            if not _is_idle(frame):
                told = last_beat
                hold = Hold(held, _where(frame))
                self.holds.append(hold)
                _log.warning("the event loop has been held for %.1f s by %s", hold.seconds, hold.culprit)
                self._observer.tell(LoopHeld(held))


def _is_idle(frame: FrameType | None) -> bool:
    """Whether the loop waits for something to do: it never does so beyond the next beat, but for want of a turn."""
    return frame is not None and frame.f_globals.get("__name__") == "selectors"


def _where(frame: FrameType | None) -> str:
    frames = traceback.extract_stack(frame)[-_FRAMES:] if frame is not None else []
    return " > ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames) or "a thread that is gone"
