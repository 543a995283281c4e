"""What DIRAC's words mean for us.

DIRAC's own "final" is not final: Completed may still fail, and Done, Failed and Killed jobs are run again under their
id when somebody reschedules them; the counter of that is our `restart`. A word that nobody knows is evidence of no end.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ganga.backends.dirac.road import JobState
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

STATUSES: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {
        "Submitting": JobStatus.SUBMITTED,
        "Received": JobStatus.SUBMITTED,
        "Checking": JobStatus.SUBMITTED,
        "Scouting": JobStatus.SUBMITTED,
        "Staging": JobStatus.SUBMITTED,
        "Waiting": JobStatus.SUBMITTED,
        "Matched": JobStatus.SUBMITTED,
        "Rescheduled": JobStatus.SUBMITTED,
        "Running": JobStatus.RUNNING,
        # No heartbeat for long: it may run or not, and DIRAC itself takes it for running as soon as it speaks again.
        "Stalled": JobStatus.RUNNING,
        # The program has ended, its output is on the way; how the job ends is not decided.
        "Completing": JobStatus.RUNNING,
        "Completed": JobStatus.RUNNING,
        "Done": JobStatus.COMPLETED,
        "Failed": JobStatus.FAILED,
        "Killed": JobStatus.KILLED,
        # Somebody removed it; whoever saw it end before keeps that end.
        "Deleted": JobStatus.KILLED,
    }
)

#: What DIRAC writes where it has nothing to say.
_COMPLETE: Final = "Execution Complete"
_EMPTY: Final = frozenset({"", "Unknown", _COMPLETE, "None"})
#: What it writes behind ends that are not failures.
_LAST_WORDS: Final = frozenset({_COMPLETE, "Requests done", "Marked for termination", "Received Kill signal"})
#: What stands for a site as long as none is chosen.
_NOWHERE: Final = frozenset({"", "ANY", "Multiple", "Unknown"})
_EXIT_CODE: Final = re.compile(r"\b(?:exited with status|exit code)[ :=]*(-?\d{1,9})\b", re.IGNORECASE)
_STALLED: Final = "DIRAC has not heard from it for long; it may still be running"
_DELETED: Final = "deleted in DIRAC"
_RESCHEDULED: Final = "Job Rescheduled"


def status_of(state: JobState) -> JobStatus:
    """Our word; for a word that is not known, whether the job is known to have started."""
    known = STATUSES.get(state.status)
    if known is not None:
        return known
    return JobStatus.SUBMITTED if state.started_at is None else JobStatus.RUNNING


def observation(state: JobState) -> Observation:
    """What the state is evidence of."""
    status = status_of(state)
    code = _exit_code(state) if status.final else None
    return Observation(
        status=status,
        native_status=native_status(state),
        # A program that a signal has ended is told as the number of the signal below zero.
        exit_code=code if code is None or code >= 0 else None,
        signal=None if code is None or code >= 0 else -code,
        reason=_reason(state, status),
        # DIRAC keeps the time of the first start when it runs a job again.
        started_at=None if status is JobStatus.SUBMITTED else state.started_at,
        ended_at=state.ended_at if status.final else None,
        place=None if state.site in _NOWHERE else state.site,
        restart=restart_of(state),
    )


def restart_of(state: JobState) -> int:
    """Which run of the job this is: 0 for the first.

    DiracX 0.7 counts a reschedule after the end and leaves the job as it ended: the run so counted has not begun.
    """
    return state.reschedules - (status_of(state).final and state.minor_status == _RESCHEDULED)


def native_status(state: JobState) -> str:
    """DIRAC's own words: ``Running/Job Initialization``: both are words that people search for."""
    return state.status if state.minor_status in _EMPTY else f"{state.status}/{state.minor_status}"


def is_bare(state: JobState) -> bool:
    """Whether this is an end without the words of one: what stands there may be those of the step before."""
    status = status_of(state)
    if status is JobStatus.FAILED:
        return _exit_code(state) is None
    return state.status in {"Done", "Killed"} and state.minor_status not in _LAST_WORDS


def _reason(state: JobState, status: JobStatus) -> str | None:
    """What the program says of itself, and for a bad end DIRAC's words before it."""
    said = None if state.application_status in _EMPTY else state.application_status
    if state.status == "Stalled":
        return _STALLED
    if state.status == "Deleted":
        return _DELETED
    if status not in {JobStatus.FAILED, JobStatus.KILLED}:
        return said
    words = [state.minor_status] if state.minor_status not in _EMPTY else []
    return ": ".join([*words, *([said] if said else [])]) or f"DIRAC says {state.status} and no reason"


def _exit_code(state: JobState) -> int | None:
    """DIRAC has no field for it; its wrapper and its workflows write it into the application's status."""
    match = _EXIT_CODE.search(state.application_status)
    if match is not None:
        return int(match[1])
    return 0 if state.status == "Done" else None
