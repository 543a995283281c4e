"""Which process this is, told so that another one on this machine can see whether it still lives."""

import os
import socket
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
#: Differs from one machine to the next, whatever these are called. It is to be shown to nobody as it is, but hashed
#: (`man 5 machine-id`).
_MACHINE_ID = Path("/etc/machine-id")


class Process(msgspec.Struct, frozen=True):
    """A process, told apart from a later one with the same number by the time of its start."""

    host: str
    #: Differs after each restart of the machine; empty where the system does not say.
    boot: str
    pid: int
    #: As the system counts it; empty where it does not say.
    started: str
    #: Where processes have these numbers: containers count their own. Empty where the system does not say.
    namespace: str = ""
    #: Told apart from others of the same name; empty where the system does not say.
    machine: str = ""

    @property
    def near(self) -> bool:
        """Whether it has its number among those that are seen from here."""
        return self._on_this_machine and self.namespace == this_process().namespace

    def surely_dead(self) -> bool:
        """Whether it ran on this machine and is gone. False of a process elsewhere, in another container, or of an
        account whose processes are hidden from us: of these nothing is known.
        """
        if not self._on_this_machine:
            return False
        return self.boot != this_process().boot or (self.near and not self._seen())

    @property
    def _on_this_machine(self) -> bool:
        here = this_process()
        return (self.host, self.machine) == (here.host, here.machine)

    def _seen(self) -> bool:
        """Whether it lives, as far as that can be seen."""
        started = _started(self.pid)
        return _is_hidden(self.pid) if started is None else started == self.started


@cache
def this_process() -> Process:
    """This process."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    namespace = str(_NAMESPACE.readlink()) if _NAMESPACE.is_symlink() else ""
    return Process(socket.gethostname(), boot, os.getpid(), _started(os.getpid()) or "", namespace, _machine())


def describe(process: Process) -> str:
    """As text, for the store."""
    return msgspec.json.encode(process).decode()


def parse(text: str) -> Process | None:
    """The reverse of `describe`; None for other text."""
    try:
        return msgspec.json.decode(text, type=Process)
    except msgspec.DecodeError:
        return None


def _machine() -> str:
    number = b""
    with suppress(OSError):
        number = _MACHINE_ID.read_bytes().strip()
    return blake2b(number, digest_size=8, key=b"ganga").hexdigest() if number else ""


def _started(pid: int) -> str | None:
    """When the process started, in words that no other process of this boot shares with its number; None if it
    is gone, or hidden.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _started_without_proc(pid) if not _BOOT_ID.exists() else None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _started_without_proc(pid: int) -> str | None:
    import psutil  # noqa: PLC0415 - slow to load, and needed only where there is no /proc

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _is_hidden(pid: int) -> bool:
    """Whether there is a process with this number, of another account (see ``hidepid`` in ``man 5 proc``)."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False
