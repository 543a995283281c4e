"""What is written down: the table of ``sacct``, with a line for each run of a job.

A job that was requeued has several lines, and only the newest says how it is; their number says how often it was run
again. Tasks of an array that never started have one line together.
"""

from collections.abc import Iterable
from typing import Final

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.slurm.ids import expand
from ganga.backends.slurm.states import Line, observation, time
from ganga.backends.slurm.table import SEPARATOR, rows
from ganga.model.ids import NativeId

TITLES: Final = ("JobID", "State", "ExitCode", "Submit", "Start", "End", "Reason", "JobName")
#: All runs of each job, and no steps.
QUESTION: Final = (
    "sacct",
    "--duplicates",
    "--allocations",
    "--parsable2",
    f"--delimiter={SEPARATOR}",
    f"--format={','.join(TITLES)}",
)

#: What it says where no history is kept.
_NONE_KEPT: Final = ("accounting storage is disabled", "AccountingStorageType")
#: A line of a run after which there is another, which may be written down seconds later.
_GOES_BACK: Final = "REQUEUED"
#: A line of a job that grew or shrank, and went on.
_RESIZED: Final = "RESIZING"

_Row = tuple[str, ...]


def read(reply: Reply) -> Listing | None:
    """None where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0:
        if keeps_none(reply):
            return None
        raise reply.unavailable()
    lines = list(rows(reply, TITLES))
    together, runs = (
        _by_id(reply, [line for line in lines if ("[" in line[0]) is several]) for several in (True, False)
    )
    return {native_id: _entry(own) for native_id, own in (together | runs).items()}


def keeps_none(reply: Reply) -> bool:
    """Whether it says that no history is kept."""
    return any(text in reply.complaint for text in _NONE_KEPT)


def _by_id(reply: Reply, lines: Iterable[_Row]) -> dict[NativeId, list[_Row]]:
    found: dict[NativeId, list[_Row]] = {}
    for line in lines:
        ids = expand(line[0])
        if ids is None:
            raise reply.unreadable("ids of jobs")
        for native_id in ids:
            found.setdefault(native_id, []).append(line)
    return found


def _entry(lines: Iterable[_Row]) -> Entry:
    own = [line for line in lines if line[1] != _RESIZED] or list(lines)
    newest = max(enumerate(own), key=lambda item: (time(item[1][3]) or 0, item[0]))[1]
    _, state, code, _, start, end, reason, name = newest
    restart = len(own) - (state != _GOES_BACK)
    return Entry(name, observation(Line(state, code, reason, start, end, restart)))
