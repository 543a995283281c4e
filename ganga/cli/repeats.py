"""A Ctrl-C that comes twice at once does not disturb the farewell that the first one began."""

import asyncio
import signal
import threading

#: Seconds in which a second Ctrl-C is taken for the same one: an impatient finger, or a program around us that passes
#: it on.
REPEAT = 2.0


def take_repeats_as_one() -> None:
    """From now on Ctrl-C cancels the present task once; one that comes later than a repeat ends the process."""
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, _Interruption(task, loop).come)


class _Interruption:
    def __init__(self, task: asyncio.Task[object], loop: asyncio.AbstractEventLoop) -> None:
        self._task = task
        self._loop = loop
        self._since: float | None = None

    def come(self) -> None:
        if self._since is None:
            self._since = self._loop.time()
            self._task.cancel()
        elif self._loop.time() - self._since > REPEAT:
            raise KeyboardInterrupt
