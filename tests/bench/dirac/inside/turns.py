"""What every measured program does: a cycle for each line of its standard input, and a line of JSON about each.

The standard library alone: it runs in the environments of others too.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TextIO

#: Makes one cycle of monitoring and returns how many jobs have news.
Cycle = Callable[[], Awaitable[int]]

#: The fields of /proc/PID/stat behind the name of the program.
_PARENT = 1


def own_output() -> TextIO:
    """The standard output for our own lines alone; whatever else is printed goes where errors go."""
    sys.stdout.flush()
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return ours


async def serve(cycle: Cycle, output: TextIO) -> None:
    """A first cycle, then one for each line, until there are no more."""
    while True:
        json.dump(await _measured(cycle), output)
        output.write("\n")
        output.flush()
        if not await asyncio.to_thread(sys.stdin.readline):
            return


async def _measured(cycle: Cycle) -> dict[str, float]:
    family = [os.getpid(), *_descendants(os.getpid())]
    work, started = _work(family), time.perf_counter()
    told = await cycle()
    return {"told": told, "seconds": time.perf_counter() - started, "work": _work(family) - work}


def _work(family: list[int]) -> float:
    """Seconds of the processors that these processes have taken; a number of clocks that Linux gives to each."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in family)


def _descendants(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It has ended.
        if int(fields[_PARENT]) == parent:
            child = int(stat.parent.name)
            yield child
            yield from _descendants(child)
