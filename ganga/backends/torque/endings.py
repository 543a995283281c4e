"""What ``exit_status`` means: the program's own code, a signal, or below zero what Torque itself has to say.

Whether somebody has deleted a job or it ran into a limit is not told, only by which signal it was ended.
"""

from collections.abc import Mapping
from signal import SIGKILL, SIGTERM
from types import MappingProxyType
from typing import Final

from ganga.backends.pbs.endings import Outcome, code_or_signal
from ganga.model.status import JobStatus

#: By these Torque ends a job, of which the code is then 256 more.
_ENDED_BY: Final = frozenset({256 + SIGTERM, 256 + SIGKILL})

_TIME: Final = "it ran into its time limit; ask for more with --time"
_DELETED: Final = "it was deleted, or ran into a limit"
_REASONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        **dict.fromkeys((-1, -2, -3, -4, -5, -6, -8, -9, -13, -14), "Torque could not start it"),
        -7: "Torque could not start it again",
        -10: "it used more memory than it asked for; ask for more with --memory",
        -11: _TIME,
        -12: "it ran into its limit of processor time",
    }
)


def outcome(exit_status: int, *, out_of_time: bool) -> Outcome:
    """How a job ended that has used up its time, or has not."""
    if exit_status < 0:
        reason = _REASONS.get(exit_status, "Torque ended it")
        return Outcome(JobStatus.FAILED, reason=f"{reason} (exit_status {exit_status})")
    exit_code, signal = code_or_signal(exit_status)
    if exit_status not in _ENDED_BY:
        return Outcome(JobStatus.FAILED if exit_status else JobStatus.COMPLETED, exit_code, signal)
    if out_of_time:
        return Outcome(JobStatus.FAILED, exit_code, signal, _TIME)
    return Outcome(JobStatus.KILLED, exit_code, signal, _DELETED)
