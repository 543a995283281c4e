"""Jobs whose launcher is not ours any more: what has become of them, judged by what the files and the processes say.

A verdict is written only on evidence: a job of another machine, or one whose files cannot be read, is left alone.
Part of spooler and launcher: standard library only.
"""

import os
import signal
import time
from select import select
from typing import Final, NamedTuple

from ganga.backends.local import processes, spool
from ganga.backends.local.watch import NEXT_ROUND, describe

_LAUNCHER_KILLED: Final = "its launcher was killed, so its exit code is not known"
_NOT_BEGUN: Final = "its launcher was killed as it started the job; whether anything of it ran is not known"
_RESTARTED: Final = "this machine was restarted while the job ran"
_NOT_TOLD: Final = "not known"

#: Seconds that a parent is given to learn of the end, before which the system does not tell others about it.
_PARENT_LEARNS: Final = 0.5


class Queued(NamedTuple):
    """Nobody has begun the job."""


class Ended(NamedTuple):
    """It is written how the job ended, or its folder is gone, which nobody removes before."""


class Unclear(NamedTuple):
    """Nothing can be said of the job, and so nothing is done with it."""

    reason: str


class Launched(NamedTuple):
    """A launcher that lives has the job."""

    pid: int
    start: str


class Orphaned(NamedTuple):
    """The job goes on without a launcher."""


Verdict = Queued | Ended | Unclear | Launched | Orphaned


def judge(folder: str) -> Verdict:
    """What has become of a job; writes its end if that is certain."""
    if spool.has_ended(folder):
        return Ended()
    try:
        started = spool.read_started(folder)
    except spool.Damaged as damage:
        return Unclear(str(damage))
    if started is None:
        return Queued() if os.path.isdir(folder) else Ended()
    host, boot = processes.machine()
    if started.boot != boot:
        if started.host != host:
            return Unclear(f"{folder} belongs to a job on {started.host}, and this is {host}")
        return _conclude(folder, started, _RESTARTED)
    if processes.lives(started.launcher, started.launcher_start):
        return Launched(started.launcher, started.launcher_start)
    # It may have written the end after the first look, and gone.
    if spool.has_ended(folder):
        return Ended()
    if started.main is not None and processes.lives(started.main, started.main_start):
        return Orphaned()
    return _conclude(folder, started, _NOT_BEGUN if started.main is None else _LAUNCHER_KILLED)


def follow(folder: str, grace: float, wakeup: int) -> None:
    """Wait for the end of an orphaned job, end it if somebody asks for that, and write what is known.

    Only what descends from its process while that lives can be ended; the rest has got away with the launcher.
    """
    try:
        started = spool.read_started(folder)
    except spool.Damaged:
        return
    if started is None or started.main is None or started.main_start is None:
        return
    handle = processes.open_handle(started.main, started.main_start)
    try:
        _Orphan(folder, started.main, started.main_start, grace).wait(wakeup, handle)
        status = None if handle is None else _status(handle)
    finally:
        if handle is not None:
            os.close(handle)
    if not spool.has_ended(folder):
        _conclude(folder, started, _LAUNCHER_KILLED, status)


class _Orphan:
    """A process that is not our child, but ours to end."""

    def __init__(self, folder: str, pid: int, start: str, grace: float) -> None:
        self._folder = folder
        self._pid = pid
        self._start = start
        self._grace = grace
        self._force_at: float | None = None

    def wait(self, wakeup: int, handle: int | None) -> None:
        while processes.lives(self._pid, self._start):
            if spool.wants_end(self._folder):
                self._press()
            watched = [wakeup] if handle is None else [wakeup, handle]
            if wakeup in select(watched, [], [], self._limit(handle))[0]:
                os.read(wakeup, 4096)

    def _press(self) -> None:
        if self._force_at is None:
            self._force_at = time.monotonic() + self._grace
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)
        elif time.monotonic() >= self._force_at:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        processes.signal_descendants(self._pid, number)
        if processes.lives(self._pid, self._start):
            processes.signal_group(self._pid, number)

    def _limit(self, handle: int | None) -> float | None:
        if self._force_at is not None:
            return max(NEXT_ROUND, self._force_at - time.monotonic())
        return processes.LOOK_AGAIN if handle is None else None


def _status(handle: int) -> int | None:
    """How a process ended that was not our child, if the system tells that."""
    until = time.monotonic() + _PARENT_LEARNS
    status = processes.exit_status(handle)
    while status is None and time.monotonic() < until:
        time.sleep(0.01)
        status = processes.exit_status(handle)
    return status


def _conclude(folder: str, started: spool.Started, reason: str, status: int | None = None) -> Ended:
    """Write how the job ended, as far as it is known."""
    killed = spool.wants_end(folder)
    if status is not None:
        end = describe(status, killed=killed)
    elif killed:
        end = {"status": "killed", "native_status": "killed"}
    else:
        end = {"status": "failed", "native_status": _NOT_TOLD, "reason": reason}
    spool.write_end(folder, {"started_at": started.at, "ended_at": max(started.at, time.time()), **end})
    return Ended()
