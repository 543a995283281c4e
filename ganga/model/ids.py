"""The names of things, as types, since they are easy to swap."""

import re
from typing import NewType

from ganga.errors import UsageError

#: Ours: ``12``, or ``12.3`` for subjob 3 (counted from 0) of job 12.
JobId = NewType("JobId", str)

#: The back end's own name of a job.
NativeId = NewType("NativeId", str)

#: One configured account on one system: ``local``, ``slurm@lxplus``.
TargetName = NewType("TargetName", str)

#: What all who ask one service share: chosen in the settings, or made from the target's name (`own_budget`).
BudgetName = NewType("BudgetName", str)

#: Given to a job at submission, so that it can be found again before it is submitted anew.
Tag = NewType("Tag", str)

#: Where to take up a feed of changes; only the back end that made it can read it.
Cursor = NewType("Cursor", str)

#: The number of an event in its store: counted from 1, without meaning beyond the order.
Seq = NewType("Seq", int)

#: Job numbers and indices above this do not fit the store.
LARGEST_NUMBER = 2**53

_JOB_ID = re.compile(r"([1-9][0-9]{0,15})(?:\.(0|[1-9][0-9]{0,15}))?")


def job_id(number: int, index: int | None = None) -> JobId:
    """The id of job `number`, or of its subjob `index`."""
    return JobId(str(number) if index is None else f"{number}.{index}")


def parse_job_id(text: str) -> JobId:
    """``12`` or ``12.3`` as typed by a person. Raises `UsageError` for anything else."""
    match = _JOB_ID.fullmatch(text)
    if match is None or any(int(part) > LARGEST_NUMBER for part in match.groups() if part):
        raise UsageError(f"{shortened(text)!r} is not a job id; expected a number such as 12, or 12.3 for a subjob")
    return JobId(text)


def shortened(text: str, length: int = 40) -> str:
    """The text, cut to so many characters, for error messages about text of any length."""
    return text if len(text) <= length else text[:length] + "..."


def number_and_index(job: JobId) -> tuple[int, int | None]:
    """``12.3`` as ``(12, 3)``, ``12`` as ``(12, None)``."""
    number, dot, index = job.partition(".")
    return int(number), int(index) if dot else None


def parent_of(job: JobId) -> JobId | None:
    """The job that `job` is a subjob of, or None."""
    number, dot, _ = job.partition(".")
    return JobId(number) if dot else None
