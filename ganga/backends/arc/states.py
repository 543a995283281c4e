"""What the states of a job mean, and how a job ended. Pure.

How a job ended is read from the element's own files about it. The document that the element writes of it now and then
tells that too, but not before a minute has passed, with the seconds of user and kernel time each cut to whole ones, and
with a memory that Linux does not measure.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ganga.backends.batch.evidence import exit_of
from ganga.model.clock import Utc
from ganga.model.ids import shortened
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: That of a job whose files were removed.
WIPED: Final = "WIPED"

#: Before it can begin: it may wait for its input files.
EARLY: Final = frozenset({"ACCEPTING", "ACCEPTED", "PREPARING", "PREPARED"})

#: While it is being killed, or where the batch system behind the element tells something strange, nothing is said.
_LIVE: Final[Mapping[str, JobStatus]] = MappingProxyType(
    dict.fromkeys([*EARLY, "SUBMITTING", "QUEUING"], JobStatus.SUBMITTED)
    | {"HELD": JobStatus.HELD}
    | dict.fromkeys(("RUNNING", "EXITINGLRMS", "EXECUTED", "FINISHING"), JobStatus.RUNNING)
)
ENDED: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {"FINISHED": JobStatus.COMPLETED, "FAILED": JobStatus.FAILED, "KILLED": JobStatus.KILLED}
)
#: All that a listing may be asked for.
ALL: Final = (*_LIVE, "OTHER", "KILLING", *ENDED)

#: Why a job failed that was killed.
_KILLED: Final = "Job is canceled by external request"
_LONGEST_REASON: Final = 300
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_SECONDS: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)s?")
_TIME: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T?([0-9]{2}):?([0-9]{2}):?([0-9]{2})Z")
_KIBIBYTES: Final = re.compile(r"([0-9]{1,12})kB")


def living(state: str) -> Observation | None:
    """A job in this state; None if that says nothing of it, or if it has ended."""
    status = _LIVE.get(state)
    return None if status is None else Observation(status=status, native_status=state)


def by_diagnosis(state: str, report: str, failure: str) -> Observation:
    """How a job ended that is in this final state, by what the element's wrapper of the job has noted, and by why the
    element says that it failed. A listing takes what was killed for failed.
    """
    notes = dict(line.split("=", 1) for line in report.splitlines() if "=" in line)
    peak = _KIBIBYTES.fullmatch(notes.get("MaxResidentMemory", ""))
    used = [_seconds(notes.get(name, "")) for name in ("UserTime", "KernelTime")]
    return _end(
        "KILLED" if state == "FAILED" and _KILLED in failure else state,
        code=notes.get("exitcode", ""),
        reason=failure,
        began=notes.get("LRMSStartTime", ""),
        ended=notes.get("LRMSEndTime", ""),
        place=notes.get("nodename", ""),
        memory=_scaled(int(peak[1]) if peak else None, 1 << 10),
        cpu_time=None if None in used else sum(filter(None, used)),
    )


def name_in(local: str) -> str:
    """The name of a job in the element's own notes of it; empty if there is none."""
    lines = (line.partition("=") for line in local.splitlines())
    return next((value for word, _, value in lines if word == "jobname"), "")


def _end(
    state: str,
    *,
    code: str,
    reason: str,
    began: str,
    ended: str,
    place: str,
    memory: int | None,
    cpu_time: float | None,
) -> Observation:
    exit_code, signal = _exit(state, _number(code))
    begun, over = time_of(began), time_of(ended)
    return Observation(
        status=ENDED[state],
        native_status=state,
        exit_code=exit_code,
        signal=signal,
        reason=shortened(" ".join(reason.split()), _LONGEST_REASON) or None,
        started_at=begun,
        ended_at=over if begun is None or over is None else Utc(max(begun, over)),
        place=place or None,
        peak_memory=memory,
        cpu_time=cpu_time,
    )


def _exit(state: str, code: int | None) -> tuple[int | None, int | None]:
    """A code of 0 beside a failure is the program's, and the failure is not."""
    if state == "FINISHED":
        return 0, None
    return (None, None) if not code else exit_of(code)


def _number(word: str) -> int | None:
    return int(word) if _NUMBER.fullmatch(word) else None


def _seconds(word: str) -> float | None:
    found = _SECONDS.fullmatch(word)
    return float(found[1]) if found else None


def _scaled(value: int | None, unit: int) -> int | None:
    """None for nothing: the element tells 0 where it has not measured."""
    return value * unit if value else None


def time_of(word: str) -> Utc | None:
    """``2026-11-22T22:31:51Z``, or the same without anything between the numbers."""
    parts = _TIME.fullmatch(word)
    try:
        return (
            Utc(datetime.fromisoformat("{}-{}-{}T{}:{}:{}+00:00".format(*parts.groups())).timestamp())
            if parts
            else None
        )
    except ValueError:
        return None
