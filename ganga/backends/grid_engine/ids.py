"""How Grid Engine writes the ids of jobs: ``12``, ``12.3`` for a task of an array, and ``1-6:1,9`` for several tasks.

Grid Engine counts tasks from 1, or from wherever a person begins; ours are counted from 0.
"""

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.model.ids import NativeId

#: More tasks than this are in no array: Grid Engine's limit is 75,000 unless somebody raises it.
MOST_TASKS: Final = 1_000_000

_NUMBER: Final = "[1-9][0-9]{0,9}"
_ONE: Final = re.compile(rf"({_NUMBER})(?:\.({_NUMBER}))?")
_SEVERAL: Final = re.compile(rf"({_NUMBER})(?:\.([0-9,:-]+))?")
_RANGE: Final = re.compile(rf"({_NUMBER})(?:-({_NUMBER})(?::({_NUMBER}))?)?")


def native_id(job: str, index: int | None) -> NativeId:
    """``12.4`` for the task of index 3, or ``12`` for a job that is no array."""
    return NativeId(job if index is None else f"{job}.{index + 1}")


def place(text: str) -> Place | None:
    """What one id means; None for text that is none."""
    match = _ONE.fullmatch(text)
    return None if match is None else Place(match[1], int(match[2] or 1) - 1)


def expand(job: str, tasks: str | None) -> list[NativeId] | None:
    """The ids of a job, or of these tasks of it; None for text that is no such thing."""
    if not re.fullmatch(_NUMBER, job):
        return None
    if tasks is None:
        return [NativeId(job)]
    ranges = [_range(part) for part in tasks.split(",")]
    known = [numbers for numbers in ranges if numbers]
    if len(known) < len(ranges) or sum(map(len, known)) > MOST_TASKS:
        return None
    return [NativeId(f"{job}.{number}") for numbers in known for number in numbers]


def split(reference: str) -> tuple[str, frozenset[NativeId] | None] | None:
    """The job that a person means, and which ids of it; None for all of them. None for words that mean no job."""
    match = _SEVERAL.fullmatch(reference)
    if match is None:
        return None
    if match[2] is None:
        return match[1], None
    wanted = expand(match[1], match[2])
    return None if wanted is None else (match[1], frozenset(wanted))


def compress(ids: Collection[NativeId]) -> list[str]:
    """The same ids in as few words as possible: those of one array as ``12.1-3`` and ``12.7``."""
    tasks: dict[str, list[int]] = {}
    words: list[str] = []
    for text in dict.fromkeys(ids):
        job, dot, task = text.partition(".")
        if dot:
            tasks.setdefault(job, []).append(int(task))
        else:
            words.append(text)
    return words + [f"{job}.{run}" for job, numbers in tasks.items() for run in _runs(sorted(numbers))]


def _range(text: str) -> range | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    return range(int(match[1]), int(match[2] or match[1]) + 1, int(match[3] or 1))


def _runs(numbers: list[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(numbers), lambda item: item[1] - item[0]):
        run = [number for _, number in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
