"""What the codes of Grid Engine's accounting mean, as ``accounting(5)`` tells them.

Most of its codes are no end: before the job began it goes back to the queue, or is set aside (``Eqw``) until somebody
clears the error. A code that is not known is no end either.
"""

import signal
from typing import Final, NamedTuple

from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

_WELL: Final = 0
_LIMIT: Final = 37
#: The program was ended by a signal, whoever sent it.
_SIGNALLED: Final = 100
#: Something failed after the program had ended.
_AFTERWARDS: Final = frozenset({12, 13, 14, 15, 16})
_ENDS: Final = frozenset({_WELL, _LIMIT, _SIGNALLED}) | _AFTERWARDS
#: Migrating, rescheduling (also for exit code 99), and an error of the program's own (exit code 100): a run is over,
#: and another may follow. The other codes are of runs that never began.
_RUN_OVER: Final = frozenset({24, 25, 30})

#: An exit status above this is a signal.
_SIGNALS: Final = 128
_LAST_SIGNAL: Final = 31

_OVER_LIMIT: Final = "it ran into its time limit, or another limit of its own; ask for more with --time or --memory"
_KILLED: Final = "signal 9 ended it: somebody deleted it, or its machine had too little memory"
#: Grid Engine's word for what ended without a failure.
_FINISHED: Final = "finished"


class Record(NamedTuple):
    """What is written down of one run."""

    failed: int
    #: The meaning of that code in Grid Engine's words; empty for 0.
    said: str
    exit_status: int
    start: Utc | None
    end: Utc | None
    #: Bytes of virtual memory; None where nobody has measured it.
    peak_memory: int | None = None
    #: Seconds.
    cpu_time: float | None = None


class _Outcome(NamedTuple):
    status: JobStatus
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None


def is_end(record: Record) -> bool:
    """Whether the job has ended with this run, if there is no later one."""
    return record.failed in _ENDS


def is_another_run(record: Record) -> bool:
    """Whether the run of this record is one that others were to follow, so that it counts as one."""
    return record.failed in _RUN_OVER


def end_of(record: Record, restart: int) -> Observation:
    """The end that the record tells of; `is_end` has said that it does."""
    outcome = _outcome(record)
    return Observation(
        status=outcome.status,
        native_status=record.said or _FINISHED,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        reason=outcome.reason,
        started_at=record.start,
        ended_at=record.end,
        peak_memory=record.peak_memory,
        cpu_time=record.cpu_time,
        restart=restart,
    )


def _outcome(record: Record) -> _Outcome:
    code = record.exit_status
    if record.failed == _WELL:
        return _Outcome(JobStatus.FAILED if code else JobStatus.COMPLETED, code)
    if record.failed == _LIMIT:
        return _Outcome(JobStatus.FAILED, reason=_OVER_LIMIT)
    if record.failed == _SIGNALLED:
        return _signalled(code)
    return _Outcome(JobStatus.FAILED, code, reason=f"Grid Engine says {record.failed}: {record.said}")


def _signalled(code: int) -> _Outcome:
    """Deletion is by signal 9, and nothing is written down about who sent it."""
    number = code - _SIGNALS
    if number == signal.SIGKILL:
        return _Outcome(JobStatus.KILLED, signal=number, reason=_KILLED)
    if 0 < number <= _LAST_SIGNAL:
        return _Outcome(JobStatus.FAILED, signal=number)
    return _Outcome(JobStatus.FAILED, code, reason=f"Grid Engine says {_SIGNALLED}: it was ended from outside")
