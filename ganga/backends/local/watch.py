"""Watch over one job: wait for its end and for all that it leaves behind, and end it if somebody asks for that.

Part of the launcher: standard library only.
"""

import os
import signal
import sys
import time
from select import select
from typing import Final

from ganga.backends.local import processes
from ganga.backends.local.spool import Said

#: Of `ru_maxrss`, in bytes.
_MEMORY_UNIT: Final = 1 if sys.platform == "darwin" else 1024

#: Seconds between two rounds of force, for what comes into being meanwhile or cannot be ended at once.
NEXT_ROUND: Final = 0.2


class Watch:
    """One job at the only moment that counts for it, its run."""

    def __init__(self, wish: str, grace: float, wakeup: int) -> None:
        #: A file that is there if somebody asked for the end of the job.
        self._wish = wish
        self._grace = grace
        #: Readable when a signal has come.
        self._wakeup = wakeup
        #: When the job's process ended, by the monotonic clock.
        self.ended_at = 0.0
        self._killed = False
        self._force_at: float | None = None
        self._peak_memory = 0
        self._cpu_time = 0.0

    def wait(self, main: int) -> Said:
        """Wait until nothing is left of the job, whose process is a child of ours; returns how it ended.

        What the process leaves behind is ended as if somebody had asked for it, as batch systems do.
        """
        status: int | None = None
        while True:
            ended, children = self._reap(main)
            status = status if ended is None else ended
            if status is not None and not children and not self._group_left(main):
                return self._end(status)
            if status is not None or self._end_wanted():
                self._press(main, alive=status is None)
            self._sleep()

    def _reap(self, main: int) -> tuple[int | None, bool]:
        """The wait status of the job's process if it has ended now, and whether any child is left."""
        status = None
        while True:
            try:
                pid, word, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return status, False
            if pid == 0:
                return status, True
            self._peak_memory = max(self._peak_memory, usage.ru_maxrss * _MEMORY_UNIT)
            self._cpu_time += usage.ru_utime + usage.ru_stime
            if pid == main:
                status, self.ended_at = word, time.monotonic()

    def _group_left(self, main: int) -> bool:
        """Where orphans do not come to us, the group is all that we can look for."""
        return not processes.CAN_ADOPT and processes.signal_group(main, 0)

    def _end_wanted(self) -> bool:
        if not self._killed and os.path.exists(self._wish):
            self._killed = True
        return self._killed

    def _press(self, main: int, *, alive: bool) -> None:
        """Ask all that is left to end, once; after the grace, make it."""
        if self._force_at is None:
            self._force_at = time.monotonic() + self._grace
            self._signal(main, signal.SIGTERM, alive=alive)
            self._signal(main, signal.SIGCONT, alive=alive)
        elif time.monotonic() >= self._force_at:
            self._signal(main, signal.SIGKILL, alive=alive)

    def _signal(self, main: int, number: int, *, alive: bool) -> None:
        """The number of the group is surely the job's only until its process is waited for.

        The descendants first: once some of them end, the others change parents, and one on its way is not found.
        """
        processes.signal_descendants(os.getpid(), number)
        if alive or not processes.CAN_ADOPT:
            processes.signal_group(main, number)

    def _sleep(self) -> None:
        """Until a signal has come, or the time for force."""
        limit = None
        if self._force_at is not None:
            limit = max(NEXT_ROUND, self._force_at - time.monotonic())
            if not processes.CAN_ADOPT:
                limit = min(limit, NEXT_ROUND)
        if select([self._wakeup], [], [], limit)[0]:
            os.read(self._wakeup, 4096)

    def _end(self, status: int) -> Said:
        resources = {"peak_memory": self._peak_memory, "cpu_time": round(self._cpu_time, 6)}
        return {**describe(status, killed=self._killed), **resources}


def describe(status: int, *, killed: bool) -> Said:
    """What a wait status says about a job, in the fields of an observation."""
    code = os.waitstatus_to_exitcode(status)
    number = {"signal": -code} if code < 0 else {"exit_code": code}
    if killed:
        return {"status": "killed", "native_status": "killed", **number}
    if code < 0:
        return {"status": "failed", "native_status": "signalled", **number}
    return {"status": "failed" if code else "completed", "native_status": "exited", **number}
