"""How Grid Engine writes the ids of jobs: ``12``, ``12.3`` for a task of an array, and ``1-6:1,9`` for several tasks.

Grid Engine counts tasks from 1, or from wherever a person begins; ours are counted from 0.
"""

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.ranges import numbers
from ganga.model.ids import NativeId

#: More tasks than this are in no array: Grid Engine's limit is 75,000 unless somebody raises it.
MOST_TASKS: Final = 1_000_000

_NUMBER: Final = "[1-9][0-9]{0,9}"
_ONE: Final = re.compile(rf"({_NUMBER})(?:\.({_NUMBER}))?")
_SEVERAL: Final = re.compile(rf"({_NUMBER})(?:\.([0-9,:-]+))?")


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
    meant = numbers(tasks, MOST_TASKS)
    return None if meant is None else [NativeId(f"{job}.{number}") for number in meant]


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
    return words + [f"{job}.{run}" for job, own in tasks.items() for run in _runs(sorted(own))]


def _runs(tasks: list[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(tasks), lambda item: item[1] - item[0]):
        run = [number for _, number in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
