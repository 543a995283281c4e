"""Calls that outlived their time-out and do not even heed cancellation: counted, and in the end left behind."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

#: What a task returns is of no interest here.
AnyTask = asyncio.Task[Any]

#: Seconds that a call has to heed its cancellation, before it counts as hanging.
HEEDING = 1.0

_log = logging.getLogger(__name__)


class Hanging:
    """The tasks of one target that were cancelled and go on. One that ends is forgotten, whatever it brings."""

    def __init__(self) -> None:
        self._tasks: set[AnyTask] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: AnyTask) -> None:
        """Cancel the task, and count it until it ends."""
        task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def leave(self, seconds: float) -> None:
        """Cancel them all once more, wait so long for them at most, and leave the others behind."""
        await leave(self._tasks, seconds)

    def _ended(self, task: AnyTask) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, since nobody else is left to do so.
            task.exception()


async def leave(tasks: Iterable[AnyTask], seconds: float) -> None:
    """Cancel the tasks, wait so long for them at most, and leave behind those that do not heed it."""
    left = set(tasks)
    for task in left:
        task.cancel()
    if left:
        _, left = await asyncio.wait(left, timeout=seconds)
    for task in left:
        _log.error("%s does not stop; it is left behind", task.get_name())
        _leave_behind(task)


def _leave_behind(task: AnyTask) -> None:
    """Have the program end without the task: `asyncio.run` would wait for it for ever, and then complain of it."""
    asyncio._unregister_task(task)  # noqa: SLF001 - documented, for those who extend asyncio
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - what asyncio.gather does
