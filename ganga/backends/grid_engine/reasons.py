"""Why jobs are in their error states: the text of ``qstat -j``. The list of the queue does not say that."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ganga.backends.batch.shell import Reply
from ganga.backends.grid_engine.ids import expand
from ganga.model.ids import NativeId, shortened

QUESTION: Final = ("qstat", "-j")

_JOB: Final = re.compile(r"job_number: +([0-9]+)")
#: With the task, counted from 1 in a job that is no array too, and behind the time when and the process where it arose.
_REASON: Final = re.compile(r"error reason +([0-9]+): +(?:[0-9/]+ [0-9:.]+ \[[0-9:]*\]: )?(?:error: )?(.+)")


def read(reply: Reply) -> Mapping[NativeId, str]:
    """By the ids with and without the task, since the text does not tell which jobs are arrays."""
    if reply.exit_code != 0:
        raise reply.unavailable()
    return dict(_reasons(reply.text))


def _reasons(text: str) -> Iterator[tuple[NativeId, str]]:
    job = ""
    for line in text.split("\n"):
        if number := _JOB.fullmatch(line):
            job = number[1]
        elif reason := _REASON.fullmatch(line):
            for ids in (expand(job, None), expand(job, reason[1])):
                for native_id in ids or []:
                    yield native_id, shortened(reason[2].strip(), 300)
