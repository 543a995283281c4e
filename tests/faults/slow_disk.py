"""A disk that takes its time, as some processes see it: strace holds back the calls with which they sync and write."""

import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from tests.live.chaos_tools import STRACE, check_strace

_SYNCS: Final = "fsync,fdatasync"
_WRITES: Final = "pwrite64"
#: A sync takes so many times as long as a write.
_RATIO: Final = 50
#: Seconds until strace holds all threads of the processes, or has let go of them; and between two looks at that.
_WITHIN: Final = 30.0
_LOOK: Final = 0.02
#: What strace notes of each call that it has held back.
_MARK: Final = "(DELAYED)"


class NotSlowed(Exception):
    """Processes cannot be slowed down here; the text says why and what to do."""


@dataclass(frozen=True)
class SlowDisk:
    """Seen by some processes."""

    trace: Path

    def held_back(self, call: str = "") -> int:
        """How many calls were so far; those of one name, if it is given."""
        lines = self.trace.read_text(errors="replace").splitlines()
        return sum(f" {call}" in line and _MARK in line for line in lines)


def check() -> None:
    """Raise `NotInstalled` or `NotSlowed` unless it can be done here, to processes of this user."""
    check_strace()
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with TemporaryDirectory() as folder, slowed([sleeper.pid], 0.001, Path(folder) / "trace"):
            pass
    finally:
        sleeper.kill()
        sleeper.communicate()


@contextmanager
def slowed(processes: Collection[int], seconds: float, trace: Path) -> Iterator[SlowDisk]:
    """Each sync of these processes, and of those that they start, takes so long at least; each write a part of it.

    One that has ended meanwhile is passed over. Raises `NotSlowed` if one that lives cannot be held.
    """
    trace.touch()
    if not processes:
        yield SlowDisk(trace)
        return
    command = [STRACE, "-f", "-qq", "-o", str(trace), f"--trace={_SYNCS},{_WRITES}"]
    for calls, delay in ((_SYNCS, seconds), (_WRITES, seconds / _RATIO)):
        command.append(f"--inject={calls}:delay_enter={round(delay * 1e6)}")
    for process in processes:
        command += ["-p", str(process)]
    strace = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_held(processes, strace)
        yield SlowDisk(trace)
    finally:
        # It lets go of all, which go on as before.
        strace.terminate()
        strace.communicate(timeout=_WITHIN)


def users_of(file: Path) -> list[int]:
    """The other processes that have this file open."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != psutil.Process().pid and str(file) in {one.path for one in process.open_files()}:
                found.append(process.pid)
    return found


def _wait_until_held(processes: Collection[int], strace: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _WITHIN
    while not all(_is_held(process, strace.pid) for process in processes):
        if strace.poll() is not None or time.monotonic() > deadline:
            strace.kill()
            reason = strace.communicate()[1].strip()
            raise NotSlowed(
                f"strace may not hold processes here ({reason}): be root, or run "
                "`sudo sysctl kernel.yama.ptrace_scope=0`"
            )
        time.sleep(_LOOK)


def _is_held(process: int, tracer: int) -> bool:
    """Or gone."""
    held = f"TracerPid:\t{tracer}\n"
    for thread in Path(f"/proc/{process}/task").glob("*/status"):
        with suppress(FileNotFoundError, ProcessLookupError):
            status = thread.read_text()
            if held not in status and "State:\tZ" not in status:
                return False
    return True
