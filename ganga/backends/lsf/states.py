"""What LSF's words mean for us.

The state decides whether a job ended well, never the exit code: a site may call other codes than 0 a success. How often
a job was run LSF does not tell in a form that can be read: one that it puts back into the queue, under the same id,
goes on in the same attempt, and only the word of the launcher counts its runs.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ganga.backends.batch.evidence import exit_of
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: A word that is not here means nothing: it waits. POST_DONE and POST_ERR do not tell how the job itself ended.
_LIVE: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {
        "PEND": JobStatus.SUBMITTED,
        "WAIT": JobStatus.SUBMITTED,
        "PROV": JobStatus.SUBMITTED,
        "PSUSP": JobStatus.HELD,
        "RUN": JobStatus.RUNNING,
        "USUSP": JobStatus.SUSPENDED,
        "SSUSP": JobStatus.SUSPENDED,
    }
)
_DONE: Final = "DONE"
_EXIT: Final = "EXIT"
#: LSF cannot reach the machine of the job, which may still run or have ended either way; it may come back.
_OUT_OF_REACH: Final = frozenset({"UNKWN", "ZOMBI"})

_HELD: Final = "somebody has set it aside in the queue; `bresume` lets it go on"
_REASONS: Final[Mapping[str, str]] = MappingProxyType({"PSUSP": _HELD})

#: Somebody asked for its end.
_KILLED: Final = frozenset({"TERM_OWNER", "TERM_ADMIN", "TERM_FORCE_OWNER", "TERM_FORCE_ADMIN", "TERM_BUCKET_KILL"})
#: It was ended so that it may run again.
_AGAIN: Final = frozenset({"TERM_REQUEUE_OWNER", "TERM_REQUEUE_ADMIN"})
#: For these the code is what LSF has ended it with.
_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TERM_RUNLIMIT": "it ran into its time limit; ask for more with --time",
        "TERM_MEMLIMIT": "it used more memory than it may; ask for more with --memory",
    }
)
#: The program was ended by a signal from elsewhere, which the code tells.
_SIGNALLED: Final = "TERM_EXTERNAL_SIGNAL"
_TERM: Final = re.compile(r"\s*(TERM_[A-Z_]+)\b")
_CODE: Final = re.compile(r"[0-9]{1,3}")


class Line(NamedTuple):
    """What is said of a job in LSF's words."""

    state: str
    #: Empty where there is none; above 128 it means a signal.
    code: str
    #: ``TERM_OWNER: job killed by owner``; empty where LSF has not ended it.
    reason: str


def told(line: Line) -> Observation | None:
    """What the line is evidence of; None if LSF itself does not know how the job is."""
    return None if line.state in _OUT_OF_REACH else observation(line)


def observation(line: Line) -> Observation:
    """The same where it knows."""
    if line.state == _DONE:
        return Observation(status=JobStatus.COMPLETED, native_status=line.state, exit_code=_code(line.code) or 0)
    if line.state == _EXIT:
        return _exit(line)
    status = _LIVE.get(line.state, JobStatus.SUBMITTED)
    return Observation(status=status, native_status=line.state, reason=_REASONS.get(line.state))


def _exit(line: Line) -> Observation:
    """Code and signal are the program's own only where LSF has not ended it."""
    match = _TERM.match(line.reason)
    why = "" if match is None else match[1]
    if why in _AGAIN:
        return Observation(status=JobStatus.SUBMITTED, native_status=why, reason=line.reason)
    if why in _KILLED:
        return Observation(status=JobStatus.KILLED, native_status=why, reason=line.reason)
    if why and why != _SIGNALLED:
        return Observation(status=JobStatus.FAILED, native_status=why, reason=_ADVICE.get(why, line.reason))
    code = _code(line.code)
    exit_code, signal = (None, None) if code is None else exit_of(code)
    reason = line.reason or (f"LSF says {_EXIT} and no reason" if not code else None)
    return Observation(
        status=JobStatus.FAILED, native_status=why or _EXIT, exit_code=exit_code, signal=signal, reason=reason
    )


def _code(text: str) -> int | None:
    return int(text) if _CODE.fullmatch(text) else None
