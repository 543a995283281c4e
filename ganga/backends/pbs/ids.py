"""How PBS writes the ids of jobs: ``12.server``, ``12[].server`` for an array and ``12[3].server`` for a subjob of it.

The server belongs to the id: jobs of several servers may have the same number. The indices of our arrays begin at 0.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from ganga.backends.batch.dialect import Place
from ganga.model.ids import NativeId

#: No array is larger: PBS's limit is 10,000 unless somebody raises it.
MOST_TASKS: Final = 1_000_000

#: Words of a POSIX shell that expand to the id of a job, or of the whole array, inside of one: without brackets.
IN_A_JOB: Final = (
    r'$(case $PBS_JOBID in (*\]*) echo "${PBS_JOBID%%\[*}${PBS_JOBID##*\]}" ;; (*) echo "$PBS_JOBID" ;; esac)'
)

_NUMBER: Final = "(?:0|[1-9][0-9]{0,11})"
#: With its port where that is not the usual one: ``vm:15099``.
_SERVER: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}(?::[0-9]{1,5})?"
_ID: Final = re.compile(rf"({_NUMBER})(\[({_NUMBER})?\])?\.({_SERVER})")
_REFERENCE: Final = re.compile(rf"({_NUMBER})(\[(?:({_NUMBER})(?:-({_NUMBER}))?)?\])?(?:\.({_SERVER}))?")


class Name(NamedTuple):
    """An id in its parts."""

    #: Without brackets: ``12.server``.
    job: str
    is_array: bool
    #: None for a whole array, and for a job that is none.
    task: int | None

    @property
    def of_array(self) -> str:
        """The id of the job, or of the array that the subjob belongs to, as the commands take it."""
        number, _, server = self.job.partition(".")
        return f"{number}[].{server}" if self.is_array else self.job


class Meaning(NamedTuple):
    """Which jobs a person means."""

    number: str
    #: Empty: that of the commands.
    server: str
    is_array: bool
    #: None for all.
    indices: range | None

    @property
    def job(self) -> str:
        """As the commands take it."""
        return f"{self.number}{'[]' if self.is_array else ''}{'.' if self.server else ''}{self.server}"

    def __contains__(self, native_id: object) -> bool:
        name = parse(str(native_id))
        if name is None:
            return False
        number, _, server = name.job.partition(".")
        right_job = number == self.number and self.server in {"", server}
        return right_job and (self.indices is None or name.task in self.indices)


def parse(text: str) -> Name | None:
    """The parts of an id; None for text that is none."""
    match = _ID.fullmatch(text)
    if match is None:
        return None
    index = None if match[3] is None else int(match[3])
    return Name(f"{match[1]}.{match[4]}", match[2] is not None, index)


def native_id(job: str, index: int | None) -> NativeId:
    """``12[3].server``, or ``12.server`` for a job that is no array."""
    number, _, server = job.partition(".")
    return NativeId(job if index is None else f"{number}[{index}].{server}")


def place(text: str) -> Place | None:
    """What one id means; None for text that is none, and for a whole array."""
    name = parse(text)
    if name is None or (name.is_array and name.task is None):
        return None
    return Place(name.job, name.task or 0)


def arrays(ids: Collection[NativeId]) -> list[str]:
    """Each job once, and each array once for all of its subjobs."""
    names = [name for name in map(parse, ids) if name is not None]
    return list(dict.fromkeys(name.of_array for name in names))


def meaning(reference: str) -> Meaning | None:
    """What ``12``, ``12[]``, ``12[3]`` or ``12[1-9]`` means, with or without a server; None for other words."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    indices = None if match[3] is None else range(int(match[3]), int(match[4] or match[3]) + 1)
    return Meaning(match[1], match[5] or "", match[2] is not None, indices)
