"""What the server knows of jobs: the JSON of ``qstat -t -f``, with ``-x`` also of those that have ended.

Live and ended jobs look the same, so one reader reads both. Times are printed without a zone, but for the second at
which a job went into the history, which is soon after its end.

Older versions write no JSON where a variable of anybody's job has a backslash, a line break or leading zeros in it.
That is mended: none of it changes where a text ends.
"""

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from ganga.backends.batch.amounts import duration, size
from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.pbs import ids
from ganga.backends.pbs.endings import outcome
from ganga.model.clock import Utc
from ganga.model.ids import NativeId, shortened
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: No ids: of several, this form tells of the first one only.
QUESTION: Final = ("qstat", "-t", "-f", "-F", "json")

#: The letters of states, as ``qstat(1B)`` has them. What is moved goes on at another server, under the same id.
_LIVE: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {
        **dict.fromkeys("QTWM", JobStatus.SUBMITTED),
        "H": JobStatus.HELD,
        **dict.fromkeys("RE", JobStatus.RUNNING),
        **dict.fromkeys("SU", JobStatus.SUSPENDED),
    }
)
#: Finished, and expired: a subjob that has ended, or was deleted, while its array goes on.
ENDED: Final = frozenset("FX")
_HOLD: Final = "it is held, or waits for another job to end; `qrls` releases it"

#: The code is that of an error, modulo 256, even if other jobs are told: an id is not known (15001), or its job has
#: ended and the history was not asked (15139).
_UNKNOWN: Final = MappingProxyType({153: "Unknown Job Id", 35: "Job has finished"})
_NONE_KEPT: Final = "not configured to maintain job history"
_BEGIN: Final = re.compile(r"^\{", re.MULTILINE)

#: A text, or zeros at the beginning of a number; and in a text a backslash, with what may follow it.
_TEXT_OR_ZEROS: Final = re.compile(r'("(?:[^"\\]|\\.)*")|(?<![\w.])0+(?=[0-9])', re.DOTALL)
_BACKSLASH: Final = re.compile(r'\\(["\\/bfnrt]|u[0-9A-Fa-f]{4})?')
#: Takes line breaks within texts.
_DECODER: Final = json.JSONDecoder(strict=False)

#: What looks like a number is printed as one.
Text = str | int | float
_Number = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
_Count = Annotated[int, Meta(ge=0, lt=2**31)]
#: Any second of the next millennia.
_Second = Annotated[int, Meta(ge=0, lt=10**11)]
_J = TypeVar("_J", bound="Job")


class _Used(Struct):
    cpu_time: Text = field(name="cput", default="")
    memory: Text = field(name="mem", default="")


class Job(Struct):
    """What is asked of one job."""

    state: str = field(name="job_state")
    name: Text = field(name="Job_Name", default="")
    owner: Text = field(name="Job_Owner", default="")
    comment: Text = ""
    substate: _Number | None = None
    exit_status: _Number | None = field(name="Exit_status", default=None)
    run_count: _Count = 0
    history_timestamp: _Second | None = None
    used: _Used = field(name="resources_used", default_factory=_Used)


class Answer(Struct, Generic[_J]):
    """What is there even if there is no job: then nothing says so."""

    timestamp: int
    pbs_version: Text
    jobs: dict[str, _J] = field(name="Jobs", default_factory=dict)


def read(reply: Reply) -> Listing:
    """What is told of single jobs and of subjobs. Raises `BackendUnavailable` and `BackendProtocolError`."""
    return dict(_entries(told(reply, Answer[Job])))


def read_history(reply: Reply) -> Listing | None:
    """The same with those that have ended; None where no history is kept."""
    return None if keeps_none(reply) else read(reply)


def keeps_none(reply: Reply) -> bool:
    """Whether it says that no history is kept."""
    return _BEGIN.search(reply.text) is None and _NONE_KEPT in reply.complaint


def told(reply: Reply, kind: type[Answer[_J]]) -> Mapping[NativeId, _J]:
    """All that is told, also of arrays as a whole. Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0 and not _only_some_are_unknown(reply):
        raise reply.unavailable()
    if reply.exit_code != 0 and _BEGIN.search(reply.text) is None:
        return {}
    jobs = _answer(reply, kind).jobs
    if any(ids.parse(text) is None for text in jobs):
        raise reply.unreadable("ids of jobs")
    return {NativeId(text): job for text, job in jobs.items()}


def _only_some_are_unknown(reply: Reply) -> bool:
    complaint = _UNKNOWN.get(reply.exit_code)
    return complaint is not None and complaint in reply.complaint


def _answer(reply: Reply, kind: type[Answer[_J]]) -> Answer[_J]:
    """What stands before the first line with a brace is a banner."""
    begin = _BEGIN.search(reply.text)
    if begin is None:
        raise reply.unreadable("JSON")
    text = reply.text[begin.start() :]
    try:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError:
            return msgspec.convert(_DECODER.decode(_mended(text)), kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise reply.unreadable(f"whole JSON ({shortened(str(error))})") from error


def _mended(text: str) -> str:
    return _TEXT_OR_ZEROS.sub(lambda found: _BACKSLASH.sub(_doubled, found[1]) if found[1] else "", text)


def _doubled(backslash: re.Match[str]) -> str:
    """One that stands for itself."""
    return backslash[0] if backslash[1] else r"\\"


def _entries(jobs: Mapping[NativeId, Job]) -> Iterator[tuple[NativeId, Entry]]:
    """An array as a whole has nothing to say that its subjobs do not."""
    for native_id, job in jobs.items():
        seen = _seen(job, is_subjob="[" in native_id)
        if ids.place(native_id) is not None and seen is not None:
            owner = str(job.owner).partition("@")[0]
            yield native_id, Entry(str(job.name), seen, owner, counts_vain_starts=seen.restart > 0)


def _seen(job: Job, *, is_subjob: bool) -> Observation | None:
    """None for an end of which it is not told how it was."""
    if job.state in ENDED:
        return _end(job, is_subjob=is_subjob)
    status = _LIVE.get(job.state, JobStatus.SUBMITTED)
    reason = (str(job.comment) or _HOLD) if status is JobStatus.HELD else None
    return Observation(status=status, native_status=job.state, reason=reason, restart=_restart(job))


def _end(job: Job, *, is_subjob: bool) -> Observation | None:
    """Of subjobs that have run some servers tell nothing, not even that."""
    never_ran = not job.run_count and not is_subjob
    end = outcome(job.exit_status, job.substate, never_ran=never_ran)
    if end is None:
        return None
    return Observation(
        status=end.status,
        native_status=job.state,
        exit_code=end.exit_code,
        signal=end.signal,
        reason=end.reason,
        ended_at=None if job.history_timestamp is None else Utc(job.history_timestamp),
        peak_memory=size(str(job.used.memory)),
        cpu_time=duration(str(job.used.cpu_time)),
        restart=_restart(job),
    )


def _restart(job: Job) -> int:
    """The server counts a run as it begins: a job that goes back to the queue is the next attempt once it runs. It
    counts starts too that a machine has refused, and takes another beginning of the count from whoever submits: so
    often it was run again at most.
    """
    return max(job.run_count - 1, 0)
