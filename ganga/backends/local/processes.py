"""What differs between systems: who a process is, whether it lives, and what belongs to it.

A process is known by its number *and* its start, since numbers are used again. Linux has handles for processes (pidfd),
and adopts orphans where it is told to (subreaper), so that nothing of a job can get away. Elsewhere there are process
groups, and a look at the processes each second. Standard library only.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

#: Whether orphans of a job come to its launcher, which can then wait for them and end them.
CAN_ADOPT = sys.platform == "linux"

#: Seconds between two looks where the system cannot tell of an end.
LOOK_AGAIN = 1.0

_SET_CHILD_SUBREAPER = 36
_GET_PIDFD_INFO = 0xC040FF0B
_PIDFD_INFO_SIZE = 64
_EXIT_WANTED = 1 << 3
_EXIT_CODE_AT = 60


@cache
def machine() -> tuple[str, str]:
    """The name of this machine, and what is different after each start of it."""
    if sys.platform == "linux":
        with open("/proc/sys/kernel/random/boot_id") as file:
            return socket.gethostname(), file.read().strip()
    else:
        return socket.gethostname(), _output("sysctl", "-n", "kern.bootsessionuuid")


def start_time(pid: int) -> str | None:
    """When the process started, in the words of the system; None if there is no such process or it has ended."""
    if sys.platform == "linux":
        fields = _stat(pid)
        return None if fields is None or fields[0] in {"Z", "X"} else fields[19]
    else:  # noqa: RET505 - mypy reads one branch for each system
        return _output("ps", "-o", "lstart=", "-p", str(pid)).replace(" ", "_").replace(":", ".") or None


def own_start_time() -> str:
    """When this process started."""
    start = start_time(os.getpid())
    if start is None:
        raise RuntimeError("the system does not tell when this process started")
    return start


def lives(pid: int, start: str | None) -> bool:
    """Whether the process that started then is still there."""
    return start is not None and start_time(pid) == start


def owner(pid: int) -> int | None:
    """The number of the user whose process this is; None if there is no such process."""
    if sys.platform == "linux":
        try:
            return os.stat(f"/proc/{pid}").st_uid
        except FileNotFoundError:
            return None
    else:
        text = _output("ps", "-o", "uid=", "-p", str(pid))
        return int(text) if text else None


def open_handle(pid: int, start: str) -> int | None:
    """A file descriptor that becomes readable when that very process ends. None if it has ended or the system
    has none.
    """
    if sys.platform != "linux":
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if lives(pid, start):
        return handle
    os.close(handle)
    return None


def send(pid: int, start: str, number: int) -> bool:
    """Send a signal to that very process; False if it has ended. Raises `PermissionError` if it is somebody else's."""
    if sys.platform == "linux":
        handle = open_handle(pid, start)
        if handle is not None:
            return _send_by_handle(handle, number)
    if not lives(pid, start):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


def exit_status(handle: int) -> int | None:
    """The wait status of a process that is not our child, by the handle that we had while it lived.

    Linux tells it from version 6.15 on, once the parent has been told; None where it is not told.
    """
    reply = bytearray(struct.pack("=Q", _EXIT_WANTED).ljust(_PIDFD_INFO_SIZE, b"\0"))
    with suppress(OSError):
        fcntl.ioctl(handle, _GET_PIDFD_INFO, reply)
        if struct.unpack_from("=Q", reply)[0] & _EXIT_WANTED:
            return int(struct.unpack_from("=i", reply, _EXIT_CODE_AT)[0])
    return None


class Adoption:
    """Has orphans among the descendants of this process come to it, where the system can. Prepared before a fork."""

    def __init__(self) -> None:
        self._prctl = ctypes.CDLL(None).prctl if CAN_ADOPT else None

    def begin(self) -> None:
        """From now on, for this process and not for its children."""
        if self._prctl is not None:
            self._prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def signal_group(leader: int, number: int) -> bool:
    """Send a signal to the process group; False if nobody is left in it."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # Somebody is in it who has changed its user: not ours to end.
    return True


def signal_descendants(root: int, number: int) -> None:
    """Send a signal to all that descend from a process, whatever session or group they are in, as far as it is
    known.
    """
    if sys.platform == "linux":
        family = {root}
        found = list(_descendants(root))
        family.update(found)
        for pid in found:
            _signal_member(pid, family, number)


if sys.platform == "linux":

    def _send_by_handle(handle: int, number: int) -> bool:
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def _signal_member(pid: int, family: set[int], number: int) -> None:
        """The handle comes before the last look at the parent, so that a number that is used again is not signalled."""
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return
        fields = _stat(pid)
        if fields is None or int(fields[1]) not in family:
            os.close(handle)
            return
        with suppress(PermissionError):
            _send_by_handle(handle, number)

    def _descendants(root: int) -> Iterator[int]:
        pending = [root]
        while pending:
            for child in _children(pending.pop()):
                pending.append(child)
                yield child

    def _children(pid: int) -> list[int]:
        children: list[int] = []
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children") as file:
                    children += map(int, file.read().split())
        return children


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (the state) on; the second, a name, may contain anything."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return content[content.rindex(b")") + 2 :].decode("ascii").split()


def _output(*command: str) -> str:
    import subprocess  # noqa: PLC0415 - slow to load, and not needed on Linux

    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - fixed
