"""Processes of this user that something else started, followed until they end."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Self

from msgspec import convert

from ganga.backends.local import processes
from ganga.backends.local.watch import describe
from ganga.errors import UsageError
from ganga.model.ids import NativeId, shortened
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

_PREFIX: Final = "pid:"
_LARGEST_PID: Final = 2**31 - 1

#: A success that nobody saw must not be built upon; and it is no loss either, since it is certain that it has ended.
_NOT_KNOWN: Final = Observation(
    status=JobStatus.FAILED,
    native_status="ended",
    reason="ended; its exit code cannot be known to a process that is not its parent",
)

#: Seconds between two looks whether its parent has learnt of the end, after which the system tells us too.
_LOOK_AGAIN: Final = 0.02
_LOOKS: Final = 10


class ProcessName(NamedTuple):
    """A process, told apart from all that had or will have its number. As a native id: ``pid:4711:8812:BOOT:HOST``."""

    pid: int
    start: str
    boot: str
    host: str

    @classmethod
    def parse(cls, native_id: NativeId) -> Self:
        """The reverse of `native_id`."""
        pid, start, boot, host = native_id.removeprefix(_PREFIX).split(":", 3)
        return cls(int(pid), start, boot, host)

    @property
    def native_id(self) -> NativeId:
        """As the store keeps it."""
        return NativeId(f"{_PREFIX}{self.pid}:{self.start}:{self.boot}:{self.host}")


class AdoptedProcesses:
    """On the event loop; `told` is called with each process that has ended."""

    def __init__(self, told: Callable[[NativeId], None], grace: float) -> None:
        self._told = told
        self._grace = grace
        self._handles: dict[NativeId, int] = {}
        self._ends: dict[NativeId, Observation] = {}
        #: Those that were asked to end, and when they are made to.
        self._forces: dict[NativeId, asyncio.TimerHandle] = {}

    def adopt(self, reference: str) -> tuple[NativeId, Observation]:
        """Follow the process with this number. Raises `UsageError`."""
        native_id = _named(reference).native_id
        seen = self.observe(native_id)
        if seen is None or seen.status.final:
            raise UsageError(f"process {reference} has ended")
        return native_id, seen

    def observe(self, native_id: NativeId) -> Observation | None:
        """What can be said of the process; None if it belongs to another machine."""
        name = ProcessName.parse(native_id)
        host, boot = processes.machine()
        if name.boot != boot:
            return _NOT_KNOWN if name.host == host else None
        if native_id in self._ends:
            return self._ends[native_id]
        if native_id not in self._handles:
            if not processes.lives(name.pid, name.start):
                return self._end(native_id, None)
            self._follow(native_id, name)
        return Observation(status=JobStatus.RUNNING, native_status="running")

    def kill(self, native_id: NativeId) -> None:
        """Ask the process to end, and after the grace make it. Raises `PermissionError`."""
        name = ProcessName.parse(native_id)
        if name.boot != processes.machine()[1] or native_id in self._forces:
            return
        if processes.send(name.pid, name.start, signal.SIGTERM):
            loop = asyncio.get_running_loop()
            force = loop.call_later(self._grace, processes.send, name.pid, name.start, signal.SIGKILL)
            self._forces[native_id] = force

    def forget(self, native_id: NativeId) -> None:
        """Nobody wants to know any more."""
        self._release(native_id)
        self._ends.pop(native_id, None)

    def close(self) -> None:
        """Watch no more. A process that was asked to end and does not is left to itself."""
        for native_id in {*self._handles, *self._forces}:
            self._release(native_id)

    def _follow(self, native_id: NativeId, name: ProcessName) -> None:
        handle = processes.open_handle(name.pid, name.start)
        if handle is not None:
            self._handles[native_id] = handle
            asyncio.get_running_loop().add_reader(handle, self._look, native_id, handle, _LOOKS)

    def _look(self, native_id: NativeId, handle: int, looks: int) -> None:
        """It has ended; how, the system tells us once its parent knows."""
        if self._handles.get(native_id) != handle:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(handle)
        status = processes.exit_status(handle)
        if status is None and looks:
            loop.call_later(_LOOK_AGAIN, self._look, native_id, handle, looks - 1)
            return
        self._end(native_id, status)
        self._release(native_id)
        self._told(native_id)

    def _end(self, native_id: NativeId, status: int | None) -> Observation:
        """How it ended; without a wait status nobody knows, unless it was us who ended it."""
        killed = native_id in self._forces
        if status is not None:
            end = convert({**describe(status, killed=killed), "ended_at": time.time()}, Observation)
        elif killed:
            end = Observation(status=JobStatus.KILLED, native_status="killed")
        else:
            end = _NOT_KNOWN
        self._ends[native_id] = end
        return end

    def _release(self, native_id: NativeId) -> None:
        handle = self._handles.pop(native_id, None)
        if handle is not None:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)
        force = self._forces.pop(native_id, None)
        if force is not None:
            force.cancel()


def is_adopted(native_id: NativeId) -> bool:
    """Whether this is a process, and not a job of ours."""
    return native_id.startswith(_PREFIX)


def _foundations() -> frozenset[int]:
    """The first process of the machine, ourselves, and all that we were started by."""
    import psutil  # noqa: PLC0415 - slow to load, and needed only here

    return frozenset({1, os.getpid(), *(parent.pid for parent in psutil.Process().parents())})


def _named(reference: str) -> ProcessName:
    """The process of this user that a person means. Raises `UsageError`."""
    text = shortened(reference)
    if not (reference.isascii() and reference.isdigit() and 0 < int(reference[:20]) <= _LARGEST_PID):
        raise UsageError(f"{text!r} is no process id; expected a number such as 4711, see the command ps")
    pid = int(reference)
    start = processes.start_time(pid)
    if start is None:
        raise UsageError(f"there is no process {pid}; see the command ps for those that run")
    if processes.owner(pid) != os.getuid():
        raise UsageError(f"process {pid} belongs to another user and cannot be followed")
    if pid in _foundations():
        raise UsageError(
            f"process {pid} is no job: this command, or this machine, runs on it, and a kill would end that"
        )
    host, boot = processes.machine()
    return ProcessName(pid, start, boot, host)
