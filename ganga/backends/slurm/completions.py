"""The lines that the controller writes with ``JobCompType=jobcomp/filetxt``: one for each end of a run.

What a line says of how a job ended is not read: those of runs that are requeued look like ends. A job may have any
name, and with it words as the controller's own, so the last of them count; all that a wrong line does is a question.
"""

import re
from typing import Final

from ganga.backends.slurm import ids
from ganga.model.ids import NativeId

_JOB: Final = re.compile(rb"JobId=([1-9][0-9]{0,9}) ")
#: An array that was cancelled before any of its tasks began has a line without these.
_TASK: Final = re.compile(rb".* ArrayJobId=([1-9][0-9]{0,9}) ArrayTaskId=(0|[1-9][0-9]{0,9}) ")


def read(line: bytes) -> NativeId | None:
    """The job, task or array whose run has ended; None for another line."""
    job, task = _JOB.match(line), _TASK.match(line)
    if job is None:
        return None
    return ids.native_id(job[1].decode(), None) if task is None else ids.native_id(task[1].decode(), int(task[2]))
