"""Starts monitors by fork, so that one can be killed and started again many times a second.

``python -m tests.faults.host HOME`` has all modules loaded, and obeys lines on its standard input: ``start`` forks a
monitor and prints its process id, ``kill PID`` ends one with SIGKILL, and the end of the input ends everything.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import ganga
import ganga.backends.local.backend
import ganga.store.sqlite


async def serve(home: Path) -> None:
    async with ganga.open(home):
        await asyncio.Event().wait()


def start(home: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        asyncio.run(serve(home))
    finally:
        os._exit(1)


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(home: Path) -> None:
    children: set[int] = set()
    for line in sys.stdin:
        verb, _, pid = line.strip().partition(" ")
        if verb == "start":
            children.add(start(home))
            print(max(children), flush=True)
        else:
            kill(int(pid))
            children.discard(int(pid))
            print(pid, flush=True)
    for child in children:
        kill(child)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
