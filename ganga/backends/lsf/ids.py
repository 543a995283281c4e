"""How LSF writes the ids of jobs: ``12``, and ``12[3]`` for a task of an array.

LSF counts tasks from 1, or from wherever a person begins; ours are counted from 0.
"""

import re
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.ranges import numbers
from ganga.model.ids import NativeId

#: More tasks than this are in no array: LSF's limit is 1,000 unless somebody raises it.
MOST_TASKS: Final = 1_000_000

_NUMBER: Final = "[1-9][0-9]{0,18}"
_ONE: Final = re.compile(rf"({_NUMBER})(?:\[([1-9][0-9]{{0,9}})\])?")
_SEVERAL: Final = re.compile(rf"({_NUMBER})(?:\[([0-9,:-]+)\])?")


def native_id(job: str, index: int | None) -> NativeId:
    """``12[4]`` for the task of index 3, or ``12`` for a job that is no array."""
    return NativeId(job if index is None else f"{job}[{index + 1}]")


def place(text: str) -> Place | None:
    """What one id means; None for text that is none."""
    match = _ONE.fullmatch(text)
    return None if match is None else Place(match[1], int(match[2] or 1) - 1)


def told(job: str, index: str) -> NativeId | None:
    """The id that two columns tell, of which the first may have the index too; no index is empty, or ``0``."""
    text = job if index in {"", "0"} or "[" in job else f"{job}[{index}]"
    return NativeId(text) if _ONE.fullmatch(text) else None


def job_of(native_id: NativeId) -> str:
    """The number of the job or the array."""
    return native_id.partition("[")[0]


def split(reference: str) -> tuple[str, frozenset[NativeId] | None] | None:
    """The job that a person means, and which ids of it; None for all of them. None for words that mean no job."""
    match = _SEVERAL.fullmatch(reference)
    if match is None:
        return None
    if match[2] is None:
        return match[1], None
    wanted = numbers(match[2], MOST_TASKS)
    return None if wanted is None else (match[1], frozenset(native_id(match[1], number - 1) for number in wanted))
