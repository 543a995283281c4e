"""What other processes leave behind in the file system when they write: a cheap sign that a look is worth it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

#: Seconds for which one looks after a trace was found: what was left may be seen before it counts, and two traces
#: within one tick of the file system's clock look like one.
FRESH: Final = 0.1
#: Seconds after which one looks in any case.
LONGEST: Final = 1.0

_Stamp: TypeAlias = tuple[int, int, int] | None


class Traces:
    """The stamps of the files of one database, the time by `now`; where they cannot be relied on (`reliable`), each
    look is worth it.
    """

    def __init__(self, database: Path, *, reliable: bool, now: Callable[[], float]) -> None:
        self._files = (os.fspath(database), f"{os.fspath(database)}-wal")
        self._reliable = reliable
        self._now = now
        self._known: tuple[_Stamp, ...] = ()
        self._fresh_until = 0.0
        self._looked_at = 0.0

    def worth_a_look(self) -> bool:
        """Whether somebody may have written since the last look; if so, one is taken now."""
        now, found = self._now(), tuple(map(_stamp, self._files))
        if found != self._known:
            self._known, self._fresh_until = found, now + FRESH
        if self._reliable and self._fresh_until < now < self._looked_at + LONGEST:
            return False
        self._looked_at = now
        return True


async def until(so: Callable[[], bool], every: float) -> None:
    """Returns when it is so; it is looked at each so many seconds.

    By a bare timer: a task that sleeps would have the event loop turn twice for each look.
    """
    loop = asyncio.get_running_loop()
    found = loop.create_future()

    def look() -> None:
        if found.done():
            # Whoever waited has gone.
            return
        if so():
            found.set_result(None)
        else:
            loop.call_later(every, look)

    loop.call_later(every, look)
    await found


def _stamp(file: str) -> _Stamp:
    try:
        found = os.stat(file)  # noqa: PTH116 - twenty times a second
    except OSError:
        # The look tells what is wrong, at the latest when one is due in any case.
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
