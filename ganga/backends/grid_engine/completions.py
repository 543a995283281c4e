"""The lines of the file ``accounting``: one for each end of a run, as ``accounting(5)`` has them.

How it ended is not read there: runs that go back to the queue have lines too.
"""

from typing import Final

from ganga.backends.grid_engine import ids
from ganga.model.ids import NativeId

#: Which of the fields between colons are the number of the job and that of the task; 0 for a job that is no array.
_JOB: Final = 5
_TASK: Final = 35


def read(line: bytes) -> NativeId | None:
    """The job or task whose run has ended; None for another line."""
    fields = line.decode("utf-8", "replace").split(":")
    if len(fields) <= _TASK:
        return None
    job, task = fields[_JOB], fields[_TASK]
    native_id = NativeId(job if task == "0" else f"{job}.{task}")
    return None if ids.place(native_id) is None else native_id
