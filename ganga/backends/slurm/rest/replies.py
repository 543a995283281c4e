"""What ``slurmrestd`` says of jobs: JSON that differs from version to version. Pure.

Numbers are plain in 22.05, and objects that say whether they are set later; states are a word, and later a list of a
word with flags; an exit code is a raw wait status, and later an object. Only the controller's own jobs are read: what
the interface says of the accounting has wrong exit codes in 22.05.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.slurm import ids
from ganga.backends.slurm.states import STATUSES, Line, observation
from ganga.errors import BackendProtocolError
from ganga.model.ids import NativeId, shortened

#: What a list without jobs is accompanied by where nothing is new.
_UNCHANGED: Final = "No job changes since"
#: No number of a job, task or second is larger; what is stands for something else.
_LARGEST: Final = 10**11


class _Told(Struct, frozen=True):
    """A number of later versions."""

    set: bool = False
    number: int | float = 0


_Shape = TypeVar("_Shape")
_Number: TypeAlias = int | float | _Told | None


class _Signal(Struct, frozen=True):
    #: In 23.02 and 23.11 by another name.
    id: _Number = None
    signal_id: _Number = None


class _Exit(Struct, frozen=True):
    """An exit code of later versions."""

    return_code: _Number = None
    signal: _Signal = _Signal()


class _Job(Struct, frozen=True):
    job_id: _Number
    job_state: str | list[str]
    array_job_id: _Number = None
    array_task_id: _Number = None
    array_task_string: str | None = None
    name: str | None = None
    user_name: str | None = None
    cluster: str | None = None
    state_reason: str | None = None
    exit_code: int | _Exit | None = None
    start_time: _Number = None
    end_time: _Number = None
    restart_cnt: _Number = None


class _Failure(Struct, frozen=True):
    error_number: int = 0
    error: str | None = None
    description: str | None = None


class _Jobs(Struct, frozen=True):
    jobs: list[_Job]
    errors: list[_Failure] = []
    warnings: list[_Failure] = []
    last_update: _Number | UnsetType = UNSET


class _Code(Struct, frozen=True):
    code: int = 0


class _Signalled(Struct, frozen=True):
    error: _Code = _Code()


class _Errors(Struct, frozen=True):
    errors: list[_Failure] = []


class _Ended(Struct, frozen=True):
    """What came of an order to end jobs, in 24.11 and later: errors for jobs are here, and not among the others."""

    status: list[_Signalled] = []


class _Statistics(Struct, frozen=True):
    req_time: _Number


class _Diagnosis(Struct, frozen=True):
    statistics: _Statistics


def read_jobs(body: bytes, cluster: str = "") -> Listing | None:
    """All that is told of jobs, of those of one cluster if it is named; None if it is that nothing is new. Raises
    `BackendProtocolError`.

    Jobs whose state nobody knows, and tasks that a list which was cut does not name, are left to the commands.
    """
    said = _decoded(body, _Jobs)
    if said.errors:
        raise BackendProtocolError(f"slurmrestd tells of jobs, and of an error too: {_words(said.errors)}")
    if not said.jobs and (_is_unset(said.last_update) or any(map(_is_unchanged, said.warnings))):
        return None
    return dict(_entries(job for job in said.jobs if cluster in {"", job.cluster}))


def read_clock(body: bytes) -> int:
    """The controller's own time, in seconds since 1970. Raises `BackendProtocolError`."""
    now = _number(_decoded(body, _Diagnosis).statistics.req_time)
    if now is None:
        raise BackendProtocolError("slurmrestd does not tell the controller's time; report this bug")
    return now


def complaint(body: bytes) -> str:
    """What is wrong, in Slurm's words; the first line of what is no JSON."""
    try:
        return _words(msgspec.json.decode(body, type=_Errors).errors)
    except (msgspec.DecodeError, UnicodeError):
        return shortened(body.decode("utf-8", "replace").strip().partition("\n")[0], 200)


def numbers_of_errors(body: bytes) -> frozenset[int]:
    """Slurm's numbers of what is wrong; empty if that is not told."""
    of_jobs = {job.error.code for job in _found(body, _Ended).status} - {0}
    return frozenset(of_jobs.union(failure.error_number for failure in _found(body, _Errors).errors))


def _found(body: bytes, shape: type[_Shape]) -> _Shape:
    """With nothing in it where the text is of no such form."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return shape()


def _decoded(body: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BackendProtocolError(
            f"slurmrestd says {shortened(body[:100].decode('utf-8', 'replace'))!r}, which is no reply of a known form "
            f"({shortened(str(error), 100)}); is a Slurm of 22.05 or later at that address?"
        ) from error


def _is_unset(told: _Number | UnsetType) -> bool:
    """Whether a number is told, and is none."""
    return told is not UNSET and not _number(told)


def _is_unchanged(warning: _Failure) -> bool:
    return (warning.description or "").startswith(_UNCHANGED)


def _words(failures: Iterable[_Failure]) -> str:
    first = next(iter(failures), _Failure())
    texts = dict.fromkeys(text for text in (first.description, first.error) if text)
    return shortened(": ".join(texts) or "no reason", 300)


def _set(told: _Number) -> int | None:
    """None for a number that is not set, and for one that stands for something else."""
    number = (told.number if told.set else None) if isinstance(told, _Told) else told
    return int(number) if number is not None and 0 <= number < _LARGEST else None


def _number(told: _Number) -> int | None:
    """Where 0 stands for none."""
    return _set(told) or None


def _entries(jobs: Iterable[_Job]) -> Iterator[tuple[NativeId, Entry]]:
    for job in jobs:
        state = _state([job.job_state] if isinstance(job.job_state, str) else job.job_state)
        if state is None:
            continue
        line = Line(
            state,
            _exit(job.exit_code),
            job.state_reason or "",
            str(_number(job.start_time) or ""),
            str(_number(job.end_time) or ""),
            _number(job.restart_cnt) or 0,
        )
        entry = Entry(job.name or "", observation(line), job.user_name or "")
        for native_id in _ids(job):
            yield native_id, entry


def _state(words: list[str]) -> str | None:
    """Slurm's word for a state and its flags, as the commands print it: a flag of a job that lives goes first, since
    what ended may be going back to the queue. None if there is a word that nobody knows.
    """
    if not words or any(word not in STATUSES for word in words):
        return None
    return next((word for word in (*words[1:], words[0]) if not STATUSES[word].final), words[0])


def _ids(job: _Job) -> list[NativeId]:
    """Of a task, of all tasks of an array that have not begun, or of a job that is no array."""
    own, array = _number(job.job_id), _number(job.array_job_id)
    if own is None:
        return []
    if array is None:
        return [ids.native_id(str(own), None)]
    if job.array_task_string:
        return ids.expand(f"{array}_[{job.array_task_string}]") or []
    task = _set(job.array_task_id)
    return [] if task is None else [ids.native_id(str(array), task)]


def _exit(told: int | _Exit | None) -> str:
    """As the history prints it, or as the queue does."""
    if isinstance(told, _Exit):
        signal = _number(told.signal.id) or _number(told.signal.signal_id) or 0
        return f"{_number(told.return_code) or 0}:{signal}"
    return "" if told is None else str(told)
