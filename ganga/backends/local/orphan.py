"""Jobs whose launcher is not ours any more: what has become of them, judged by what the files and the processes say.

A verdict is written only on evidence: a job of another machine, or one whose files cannot be read, is left alone.
Part of spooler and launcher: standard library only.
"""

import os
import signal
import time
from contextlib import suppress
from select import select
from typing import Final, NamedTuple

from ganga.backends.local import processes, spool
from ganga.backends.local.watch import NEXT_ROUND, describe

LAUNCHER_KILLED: Final = "its launcher was killed, so its exit code is not known"
NOT_BEGUN: Final = "its launcher was killed as it started the job; whether anything of it ran is not known"
_RESTARTED: Final = "this machine was restarted while the job ran"

#: Seconds that a parent is given to learn of the end, before which the system does not tell others about it.
_PARENT_LEARNS: Final = 0.5


class Queued(NamedTuple):
    """Nobody has begun the job."""


class Claimed(NamedTuple):
    """Somebody has claimed the job, and has not said yet who it is."""


class Ended(NamedTuple):
    """It is written how the job ended, or its record is gone, which nobody removes before."""


class Unclear(NamedTuple):
    """Nothing can be said of the job, and so nothing is done with it."""

    reason: str


class Launched(NamedTuple):
    """A launcher that lives has the job."""

    pid: int
    start: str


class Orphaned(NamedTuple):
    """The job goes on without a launcher."""


Verdict = Queued | Claimed | Ended | Unclear | Launched | Orphaned


def judge(places: spool.Places, tag: str) -> Verdict:
    """What has become of a job; writes its end if that is certain."""
    try:
        record = spool.read(places.record(tag))
    except spool.Damaged as damage:
        return Unclear(str(damage))
    if record is None or record.end is not None:
        return Ended()
    if record.launched is not None:
        return _judge_launched(places, tag, record.launched)
    # The claim comes just before the line that says whose it is.
    return Claimed() if os.path.exists(places.claim(tag)) else Queued()


def conclude(places: spool.Places, tag: str, reason: str | None, status: int | None = None) -> Ended:
    """Write how a job ended that nobody has any more, as far as it is known."""
    killed = spool.wants_end(places, tag)
    if status is not None:
        end: spool.Said = describe(status, killed=killed)
    elif killed:
        end = {"status": "killed", "native_status": "killed"}
    else:
        end = {"status": "failed", "native_status": "not known", "reason": reason}
    with suppress(FileNotFoundError):
        claimed = spool.reopen(places, tag)
        claimed.add_end({**end, "ended_at": time.time()})
        claimed.close()
    return Ended()


def follow(places: spool.Places, tag: str, grace: float, wakeup: int) -> None:
    """Wait for the end of an orphaned job, end it if somebody asks for that, and write what is known.

    Only what descends from its process while that lives can be ended; the rest has got away with the launcher.
    """
    record = spool.read(places.record(tag))
    if record is None or record.end is not None or record.main is None or record.main.start is None:
        return
    pid, start = record.main.pid, record.main.start
    handle = processes.open_handle(pid, start)
    try:
        _Orphan(places.wish(tag), pid, start, grace).wait(wakeup, handle)
        status = None if handle is None else _status(handle)
    finally:
        if handle is not None:
            os.close(handle)
    conclude(places, tag, LAUNCHER_KILLED, status)


def _judge_launched(places: spool.Places, tag: str, launched: spool.Launched) -> Verdict:
    host, boot = processes.machine()
    if launched.boot != boot:
        if launched.host != host:
            return Unclear(f"{tag} is a job of {launched.host}, and this is {host}")
        return conclude(places, tag, _RESTARTED)
    if launched.process.start is not None and processes.lives(*launched.process):
        return Launched(launched.process.pid, launched.process.start)
    # It may have written more after the first look, and gone.
    again = spool.read(places.record(tag))
    if again is None or again.end is not None:
        return Ended()
    if again.main is not None and processes.lives(*again.main):
        return Orphaned()
    return conclude(places, tag, NOT_BEGUN if again.main is None else LAUNCHER_KILLED)


class _Orphan:
    """A process that is not our child, but ours to end."""

    def __init__(self, wish: str, pid: int, start: str, grace: float) -> None:
        self._wish = wish
        self._pid = pid
        self._start = start
        self._grace = grace
        self._force_at: float | None = None

    def wait(self, wakeup: int, handle: int | None) -> None:
        while processes.lives(self._pid, self._start):
            if os.path.exists(self._wish):
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
