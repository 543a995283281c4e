"""How Slurm writes the ids of jobs: ``12``, ``12_3`` for a task of an array, ``12_[1-6,8,10-20:2%5]`` for several.

A job of several parts with needs of their own (a *heterogeneous* one) has the number of its first part, which runs the
script and is written ``12+0``. The others are none of ours to follow.
"""

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.model.ids import NativeId

#: More tasks than this are in no array: Slurm's own limit is four millions.
MOST_TASKS: Final = 4_000_001

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,9})"
_ONE: Final = re.compile(rf"([1-9][0-9]{{0,9}})(?:_({_NUMBER}))?")
_PART: Final = re.compile(rf"([1-9][0-9]{{0,9}})\+({_NUMBER})")
_SEVERAL: Final = re.compile(r"([1-9][0-9]{0,9})_\[([0-9,:-]+(?:\.\.\.)?)(?:%[0-9]+)?\]")
#: How a list of tasks ends that was too long for Slurm.
_CUT: Final = "..."
_RANGE: Final = re.compile(rf"({_NUMBER})(?:-({_NUMBER})(?::([1-9][0-9]{{0,9}}))?)?")


def native_id(job: str, task: int | None) -> NativeId:
    """``12_3``, or ``12`` for a job that is no array."""
    return NativeId(job if task is None else f"{job}_{task}")


def place(text: str) -> Place | None:
    """What one id means; None for text that is none."""
    match = _ONE.fullmatch(text)
    return None if match is None else Place(match[1], int(match[2] or 0))


def expand(text: str) -> list[NativeId] | None:
    """The ids that the text stands for, which may be none; None if it is no id. Of a list that was cut those are told
    that it names whole.
    """
    if _ONE.fullmatch(text):
        return [NativeId(text)]
    if (part := _PART.fullmatch(text)) is not None:
        return [] if int(part[2]) else [NativeId(part[1])]
    match = _SEVERAL.fullmatch(text)
    if match is None:
        return None
    ranges = [_range(part) for part in _whole(match[2])]
    known = [numbers for numbers in ranges if numbers]
    if len(known) < len(ranges) or sum(map(len, known)) > MOST_TASKS:
        return None
    return [native_id(match[1], number) for numbers in known for number in numbers]


def compress(ids: Collection[NativeId]) -> list[str]:
    """The same ids in as few words as possible: those of one array as ``12_[1-3,7]``."""
    tasks: dict[str, list[int]] = {}
    words: list[str] = []
    for text in dict.fromkeys(ids):
        job, underscore, task = text.partition("_")
        if underscore:
            tasks.setdefault(job, []).append(int(task))
        else:
            words.append(text)
    return words + [f"{job}_[{','.join(_runs(sorted(numbers)))}]" for job, numbers in tasks.items()]


def _whole(tasks: str) -> list[str]:
    """Without what was cut, and the number before it, which may be half of one."""
    parts = tasks.split(",")
    return parts[:-1] if tasks.endswith(_CUT) else parts


def _range(text: str) -> range | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    return range(int(match[1]), int(match[2] or match[1]) + 1, int(match[3] or 1))


def _runs(numbers: list[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(numbers), lambda item: item[1] - item[0]):
        run = [number for _, number in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
