"""Which process this is, told so that another one on this machine can see whether it still lives."""

import os
import socket
from functools import cache
from pathlib import Path

import msgspec

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Process(msgspec.Struct, frozen=True):
    """A process, told apart from a later one with the same number by the time of its start."""

    host: str
    #: Differs after each restart of the machine; empty where the system does not say.
    boot: str
    pid: int
    #: As the system counts it; empty where it does not say.
    started: str

    def surely_dead(self) -> bool:
        """Whether it ran on this machine and is gone. False of a process elsewhere, of which nothing is known."""
        here = this_process()
        if self.host != here.host:
            return False
        return self.boot != here.boot or _started(self.pid) != self.started


@cache
def this_process() -> Process:
    """This process."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    return Process(socket.gethostname(), boot, os.getpid(), _started(os.getpid()) or "")


def describe(process: Process) -> str:
    """As text, for the store."""
    return msgspec.json.encode(process).decode()


def parse(text: str) -> Process | None:
    """The reverse of `describe`; None for other text."""
    try:
        return msgspec.json.decode(text, type=Process)
    except msgspec.DecodeError:
        return None


def _started(pid: int) -> str | None:
    """When the process started, in words that no other process of this boot shares with its number; None if it
    is gone.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return _started_without_proc(pid) if not _BOOT_ID.exists() else None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _started_without_proc(pid: int) -> str | None:
    import psutil  # noqa: PLC0415 - slow to load, and needed only where there is no /proc

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
