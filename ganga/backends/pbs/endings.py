"""What ``Exit_status`` means: the program's own code, a signal, or below zero what PBS itself has to say.

The substate tells what the code cannot: whether somebody has deleted the job.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ganga.backends.batch.evidence import exit_of
from ganga.model.status import JobStatus

#: The substate of jobs that somebody has deleted.
_DELETED: Final = 91
#: From here on the code is that of a signal that ended the job's own shell.
_SIGNALS: Final = 256
_LAST_SIGNAL: Final = 64

_NEVER_RAN: Final = "it was deleted before it ran"
_KILLED: Final = "it was deleted"
_REASONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        -1: "PBS could not start it",
        -2: "PBS could not start it",
        -3: "PBS could not start it, and has given up",
        -26: "it used more virtual memory than it asked for",
        -27: "it used more memory than it asked for; ask for more with --memory",
        -28: "it ran into its limit of processor time",
        -29: "it ran into its time limit; ask for more with --time",
    }
)


class Outcome(NamedTuple):
    """How a job ended."""

    status: JobStatus
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None


def outcome(exit_status: int | None, substate: int | None, *, never_ran: bool) -> Outcome | None:
    """What is written down of a job that has ended; None if that does not tell how."""
    if exit_status is None:
        return _without_code(substate, never_ran=never_ran)
    if exit_status < 0:
        reason = _REASONS.get(exit_status, "PBS ended it")
        return Outcome(JobStatus.FAILED, reason=f"{reason} (Exit_status {exit_status})")
    exit_code, signal = code_or_signal(exit_status)
    if substate == _DELETED:
        return Outcome(JobStatus.KILLED, exit_code, signal, _KILLED)
    return Outcome(JobStatus.FAILED if exit_status else JobStatus.COMPLETED, exit_code, signal)


def _without_code(substate: int | None, *, never_ran: bool) -> Outcome | None:
    if never_ran:
        return Outcome(JobStatus.KILLED, reason=_NEVER_RAN)
    return Outcome(JobStatus.KILLED, reason=_KILLED) if substate == _DELETED else None


def code_or_signal(status: int) -> tuple[int | None, int | None]:
    """The exit code, or the signal: that of the program, or of the job's own shell."""
    if status <= _SIGNALS:
        return exit_of(status)
    signal = status - _SIGNALS
    return (None, signal) if signal <= _LAST_SIGNAL else (status, None)
