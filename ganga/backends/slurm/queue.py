"""What the controller has in its mind: the table of ``squeue``."""

import re
from collections.abc import Iterator
from typing import Final

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.slurm.ids import expand
from ganga.backends.slurm.states import Line, observation
from ganga.backends.slurm.table import SEPARATOR, rows
from ganga.model.ids import NativeId

#: The columns by the names that we ask for, with the titles that they get.
_COLUMNS: Final = {
    "JobArrayID": "JOBID",
    "State": "STATE",
    "RestartCnt": "RESTART_COUNT",
    "exit_code": "EXIT_CODE",
    "StartTime": "START_TIME",
    "EndTime": "END_TIME",
    "Reason": "REASON",
    "Name": "NAME",
}
TITLES: Final = tuple(_COLUMNS.values())
#: Array tasks each by itself, and jobs that have ended too.
QUESTION: Final = (
    "squeue",
    "--array",
    "--states=all",
    f"--Format={','.join(f'{name}:{SEPARATOR}' for name in _COLUMNS)}",
)

#: What it says of one job that the controller has forgotten; of several it says nothing.
_FORGOTTEN: Final = "Invalid job id specified"
_COUNT: Final = re.compile(r"[0-9]{1,6}")


def read(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0:
        if _FORGOTTEN in reply.complaint:
            return {}
        raise reply.unavailable()
    return dict(_entries(reply))


def _entries(reply: Reply) -> Iterator[tuple[NativeId, Entry]]:
    for job, state, restart, code, start, end, reason, name in rows(reply, TITLES):
        ids = expand(job)
        if ids is None or not _COUNT.fullmatch(restart):
            raise reply.unreadable("ids of jobs, and how often each was run again")
        entry = Entry(name, observation(Line(state, code, reason, start, end, int(restart))))
        for native_id in ids:
            yield native_id, entry
