"""What Slurm's words mean for us.

The state decides how a job ended, never the exit code: a job that ran into its time limit has 0:0. `COMPLETING` is no
end: the job may go back to the queue from there. A word that nobody knows is evidence of no end.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

STATUSES: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {
        "PENDING": JobStatus.SUBMITTED,
        "CONFIGURING": JobStatus.SUBMITTED,
        "REQUEUED": JobStatus.SUBMITTED,
        "REQUEUE_FED": JobStatus.SUBMITTED,
        "EXPEDITING": JobStatus.SUBMITTED,
        "REQUEUE_HOLD": JobStatus.HELD,
        "SPECIAL_EXIT": JobStatus.HELD,
        "RESV_DEL_HOLD": JobStatus.HELD,
        "RUNNING": JobStatus.RUNNING,
        "RESIZING": JobStatus.RUNNING,
        "SIGNALING": JobStatus.RUNNING,
        "STAGE_OUT": JobStatus.RUNNING,
        "COMPLETING": JobStatus.RUNNING,
        "SUSPENDED": JobStatus.SUSPENDED,
        "STOPPED": JobStatus.SUSPENDED,
        "COMPLETED": JobStatus.COMPLETED,
        "FAILED": JobStatus.FAILED,
        "TIMEOUT": JobStatus.FAILED,
        "OUT_OF_MEMORY": JobStatus.FAILED,
        "NODE_FAIL": JobStatus.FAILED,
        "BOOT_FAIL": JobStatus.FAILED,
        "DEADLINE": JobStatus.FAILED,
        "LAUNCH_FAILED": JobStatus.FAILED,
        "RECONFIG_FAIL": JobStatus.FAILED,
        "CANCELLED": JobStatus.KILLED,
        "PREEMPTED": JobStatus.KILLED,
        "REVOKED": JobStatus.KILLED,
    }
)

#: Why a job of this state ended, for a person.
_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TIMEOUT": "it ran into its time limit; ask for more with --time",
        "OUT_OF_MEMORY": "it used more memory than it asked for; ask for more with --memory",
        "NODE_FAIL": "its machine failed",
        "BOOT_FAIL": "its machine did not start",
        "DEADLINE": "it could not end before its deadline",
        "PREEMPTED": "it had to make room for a job of higher priority",
        "REVOKED": "it was taken over by another cluster",
    }
)
#: Words that say nothing.
_EMPTY: Final = frozenset({"", "None", "(null)", "N/A"})
#: For these a pending job waits until somebody does something; the first words are enough.
_HELD: Final = ("JobHeld", "job requeued in held state", "launch failed requeued held", "DependencyNeverSatisfied")
_EXIT: Final = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_RAW: Final = re.compile(r"[0-9]{1,10}")
_BY: Final = re.compile(r"CANCELLED by ([0-9]{1,10})")
_TIME: Final = re.compile(r"[0-9]{1,11}")
_LAST_SIGNAL: Final = 31


class Line(NamedTuple):
    """What one line of the queue or the history says of a job, in Slurm's words."""

    state: str
    #: ``3:0``, code and signal, as the history has it; or a raw wait status, as the queue does.
    exit: str
    reason: str
    start: str
    end: str
    restart: int


def status_of(state: str, reason: str = "") -> JobStatus:
    """Our word. A word that is not known is no end."""
    words = state.split()
    status = STATUSES.get(words[0] if words else "", JobStatus.SUBMITTED)
    return JobStatus.HELD if status is JobStatus.SUBMITTED and reason.startswith(_HELD) else status


def observation(line: Line) -> Observation:
    """What the line is evidence of."""
    status = status_of(line.state, line.reason)
    # What a program that was cancelled leaves behind is Slurm's doing, and no code of its own.
    code, signal = _exit(line.exit) if status is JobStatus.FAILED else (None, None)
    if status is JobStatus.COMPLETED:
        code = 0
    elif line.state != "FAILED":
        code = None
    begun = status.final or status in {JobStatus.RUNNING, JobStatus.SUSPENDED}
    return Observation(
        status=status,
        native_status=line.state,
        exit_code=code,
        signal=signal,
        reason=_reason(line, status, told=bool(code or signal)),
        started_at=time(line.start) if begun else None,
        ended_at=time(line.end) if status.final else None,
        restart=line.restart,
    )


def time(text: str) -> Utc | None:
    """Seconds since 1970, as they are asked for; text of any other form has no time zone and tells nothing."""
    return Utc(int(text)) if _TIME.fullmatch(text) else None


def _exit(text: str) -> tuple[int | None, int | None]:
    """The exit code and the signal; codes that Slurm itself makes up are none."""
    match = _EXIT.fullmatch(text)
    if match is not None:
        code, signal = int(match[1]), int(match[2])
    elif _RAW.fullmatch(text):
        code, signal = int(text) >> 8, int(text) & 0x7F
    else:
        return None, None
    if signal:
        return None, signal if signal <= _LAST_SIGNAL else None
    return code or None, None


def _reason(line: Line, status: JobStatus, *, told: bool) -> str | None:
    cancelled = _BY.fullmatch(line.state)
    if cancelled is not None:
        return f"cancelled by the user of number {cancelled[1]}"
    if line.state in _REASONS:
        return _REASONS[line.state]
    if status is JobStatus.KILLED:
        return None  # What Slurm says then is why the job waited before.
    # Of a job that told how it ended Slurm's word is that it did, or worse: JobLaunchFailure for one that was killed.
    said = None if line.reason in _EMPTY or told or status is JobStatus.COMPLETED else line.reason
    if said is None and status is JobStatus.FAILED and not told:
        return f"Slurm says {line.state} and no reason (exit code {line.exit})"
    return said
