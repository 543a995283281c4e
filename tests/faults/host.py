"""Starts monitors by fork, so that one can be killed and started again many times a second.

``python -m tests.faults.host HOME CONFIG`` has all modules loaded, and obeys lines on its standard input: ``start``
forks a monitor and prints its process id, ``kill PID`` ends one with SIGKILL, and the end of the input ends everything.
What a monitor logs is in the file ``PID.log`` beside the settings.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import ganga
import ganga.backends.local.backend
import ganga.store.sqlite
from tests.faults.campaign import Campaign


@dataclass
class Host:
    """The process that starts and kills monitors, as the test sees it."""

    campaign: Campaign
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.host", str(self.campaign.home), str(self.campaign.config)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def start(self) -> int:
        return self._tell("start")

    def kill(self, pid: int) -> None:
        self._tell(f"kill {pid}")

    def log(self, pid: int) -> str:
        path = _log(self.campaign.config, pid)
        return path.read_text() if path.exists() else ""

    def _tell(self, line: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def _log(config: Path, pid: int) -> Path:
    return config.with_name(f"{pid}.log")


async def _serve(home: Path, config: Path) -> None:
    logging.basicConfig(filename=_log(config, os.getpid()))
    async with ganga.open(home, config=config):
        await asyncio.Event().wait()


def _start(home: Path, config: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        asyncio.run(_serve(home, config))
    finally:
        os._exit(1)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(home: Path, config: Path) -> None:
    children: set[int] = set()
    for line in sys.stdin:
        verb, _, word = line.strip().partition(" ")
        if verb == "start":
            pid = _start(home, config)
            children.add(pid)
        else:
            pid = int(word)
            _kill(pid)
            children.discard(pid)
        print(pid, flush=True)
    for child in children:
        _kill(child)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
