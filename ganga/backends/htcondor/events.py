"""Events of jobs, as HTCondor writes them into an event log.

An event is some lines: a number, the job, the time and a title in the first one, more behind it. Its times have no zone
unless the pool writes them in UTC, so that only such times, and those that say that they are, are told. An event that
is not known, or has not the lines that it should have, says nothing.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from ganga.backends.htcondor import holds, ids
from ganga.backends.htcondor.states import ended, measured, removed
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

_HEAD: Final = re.compile(
    r"(?P<kind>[0-9]{3}) \((?P<cluster>[0-9]{1,10})\.(?P<proc>[0-9]{1,10})\.[0-9]{1,10}\) "
    r"(?P<time>[0-9]{2}/[0-9]{2} [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(?:\.[0-9]{1,6})?Z?) (?P<title>.*)"
)
#: The first line behind the head, in the two forms of a program's end.
_NORMAL: Final = re.compile(r"\s*\(1\) Normal termination \(return value ([0-9]{1,3})\)")
_ABNORMAL: Final = re.compile(r"\s*\(0\) Abnormal termination \(signal ([0-9]{1,3})\)")
_ENDED: Final = re.compile(r"\s*Job terminated .* at ([0-9-]{10}T[0-9:]{8}Z)")
_CODE: Final = re.compile(r"\s*Code ([0-9]{1,5}) Subcode -?[0-9]{1,10}")
_SLOT: Final = re.compile(r"\s*SlotName: (\S+)")
_USAGE: Final = re.compile(
    r"\s*Usr ([0-9]{1,6}) ([0-9]{2}):([0-9]{2}):([0-9]{2}), Sys ([0-9]{1,6}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"  -  Total Remote Usage"
)
_EXECUTED: Final = re.compile(r"\s*TimeExecute \(s\)\s*:\s*([0-9]{1,9})\b")
_MEMORY: Final = re.compile(r"\s*Memory \(MB\)\s*:\s*([0-9]{1,9})\s+[0-9]+\s+[0-9]+\s*$")

_EXECUTE: Final = 1
#: Those that say nothing about how a job is.
_OTHERS: Final = frozenset({2, 3, 6, 8, *range(14, 22), *range(25, 47)})


class Event(NamedTuple):
    """What an event says of one job."""

    job: NativeId
    #: Whether the program is started with it.
    starts: bool
    #: None for one that does not change how the job is.
    seen: Observation | None
    #: Whether HTCondor is to be asked, since it knows more about this.
    unclear: bool = False


class _Text(NamedTuple):
    """The lines of an event behind the first one, and when it happened if that is known."""

    lines: tuple[str, ...]
    at: Utc | None

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((match for line in self.lines if (match := pattern.match(line))), None)

    @property
    def first(self) -> str:
        return self.lines[0].strip() if self.lines else ""


def read(record: bytes) -> Event | None:
    """None for an event that is not known, or is none."""
    first, *lines = record.decode("utf-8", "replace").split("\n")
    head = _HEAD.fullmatch(first)
    if head is None:
        return None
    job = ids.native_id(str(int(head["cluster"])), int(head["proc"]))
    kind, text = int(head["kind"]), _Text(tuple(lines), _utc(head["time"]))
    if kind in _OTHERS:
        return Event(job, starts=False, seen=None)
    reader = _READERS.get(kind)
    seen = None if reader is None else reader(text)
    return None if seen is None else Event(job, kind == _EXECUTE, seen, _is_unclear(seen))


def _is_unclear(seen: Observation) -> bool:
    """Whether a policy of the job's own has removed it: which one, HTCondor says better."""
    return seen.status is JobStatus.KILLED and "PeriodicRemove" in (seen.reason or "")


def _live(status: JobStatus, word: str) -> Callable[[_Text], Observation]:
    return lambda text: Observation(status=status, native_status=word, reason=text.first or None)


def _quiet(status: JobStatus, word: str) -> Callable[[_Text], Observation]:
    return lambda _text: Observation(status=status, native_status=word)


def _executing(text: _Text) -> Observation:
    slot = text.find(_SLOT)
    place = None if slot is None else slot[1]
    return Observation(status=JobStatus.RUNNING, native_status="EXECUTE", started_at=text.at, place=place)


def _held(text: _Text) -> Observation | None:
    code = text.find(_CODE)
    if code is None:
        return None
    number = int(code[1])
    if number == holds.SPOOLING:
        return Observation(status=JobStatus.SUBMITTED, native_status="JOB_HELD")
    reason = text.first if text.first != code[0].strip() else ""
    return Observation(status=JobStatus.HELD, native_status="JOB_HELD", reason=holds.told(number, reason))


def _aborted(text: _Text) -> Observation:
    status, reason = removed(text.first)
    return Observation(status=status, native_status="JOB_ABORTED", reason=reason, ended_at=_end(text))


def _terminated(text: _Text) -> Observation | None:
    """A run after which the job is requeued is no such event."""
    normal, abnormal = (pattern.match(text.lines[0]) if text.lines else None for pattern in (_NORMAL, _ABNORMAL))
    if normal is None and abnormal is None:
        return None
    code, signal = (int(match[1]) if match else None for match in (normal, abnormal))
    end, executed = _end(text), text.find(_EXECUTED)
    return Observation(
        status=ended(code, signal),
        native_status="JOB_TERMINATED",
        exit_code=code,
        signal=signal,
        started_at=Utc(end - int(executed[1])) if end is not None and executed is not None else None,
        ended_at=end,
        peak_memory=_memory(text),
        cpu_time=_cpu_time(text),
    )


def _memory(text: _Text) -> int | None:
    match = text.find(_MEMORY)
    return None if match is None else int(match[1]) << 20


def _cpu_time(text: _Text) -> float | None:
    match = text.find(_USAGE)
    if match is None:
        return None
    numbers = list(map(int, match.groups()))
    return measured(float(sum(number * size for number, size in zip(numbers, (86400, 3600, 60, 1) * 2, strict=True))))


def _end(text: _Text) -> Utc | None:
    match = text.find(_ENDED)
    return text.at if match is None else _utc(match[1])


def _utc(text: str) -> Utc | None:
    """None for a time without a zone."""
    if not text.endswith("Z"):
        return None
    try:
        return Utc(datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


_READERS: Final[Mapping[int, Callable[[_Text], Observation | None]]] = MappingProxyType(
    {
        0: _quiet(JobStatus.SUBMITTED, "SUBMIT"),
        _EXECUTE: _executing,
        4: _quiet(JobStatus.SUBMITTED, "JOB_EVICTED"),
        5: _terminated,
        7: _live(JobStatus.SUBMITTED, "SHADOW_EXCEPTION"),
        9: _aborted,
        10: _quiet(JobStatus.SUSPENDED, "JOB_SUSPENDED"),
        11: _quiet(JobStatus.RUNNING, "JOB_UNSUSPENDED"),
        12: _held,
        13: _quiet(JobStatus.SUBMITTED, "JOB_RELEASED"),
        22: _live(JobStatus.RUNNING, "JOB_DISCONNECTED"),
        23: _quiet(JobStatus.RUNNING, "JOB_RECONNECTED"),
        24: _live(JobStatus.SUBMITTED, "JOB_RECONNECT_FAILED"),
    }
)
