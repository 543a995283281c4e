"""All that the accounting has of jobs: a line of ``sacct`` for each run, with where it was and why it ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ganga.backends.batch.chronicle import in_order
from ganga.backends.batch.shell import Reply
from ganga.backends.slurm.accounting import keeps_none
from ganga.backends.slurm.ids import expand
from ganga.backends.slurm.states import STATUSES, status_of, time
from ganga.backends.slurm.table import SEPARATOR, rows
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step

TITLES: Final = ("JobID", "State", "ExitCode", "Submit", "Start", "End", "Reason", "NodeList")
QUESTION: Final = (
    "sacct",
    "--duplicates",
    "--allocations",
    "--parsable2",
    f"--delimiter={SEPARATOR}",
    f"--format={','.join(TITLES)}",
)

_SOURCE: Final = "slurmdbd"
#: Words that say nothing.
_EMPTY: Final = frozenset({"", "None", "Unknown", "None assigned"})
#: With these the run is over, whether or not the job is.
_OVER: Final = frozenset({"REQUEUED", "RESIZING"})


def read(reply: Reply) -> Mapping[NativeId, Sequence[Step]] | None:
    """None where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0:
        if keeps_none(reply):
            return None
        raise reply.unavailable()
    found: dict[NativeId, list[Step]] = {}
    for job, *run in rows(reply, TITLES):
        ids = expand(job)
        if ids is None:
            raise reply.unreadable("ids of jobs")
        for native_id in ids:
            found.setdefault(native_id, []).extend(_steps(run))
    return {native_id: in_order(steps) for native_id, steps in found.items() if steps}


def _steps(run: Sequence[str]) -> Iterator[Step]:
    """A time that is not told is that of something that has not happened."""
    state, code, submit, start, end, reason, nodes = run
    if (at := time(submit)) is not None:
        yield Step(status="PENDING", at=at, source=_SOURCE)
    if (at := time(start)) is not None:
        yield Step(status="RUNNING", minor_status=_said(nodes), at=at, source=_SOURCE)
    if (at := _end(state, end)) is not None:
        yield Step(status=state, minor_status=_said(reason), application_status=code, at=at, source=_SOURCE)


def _end(state: str, end: str) -> Utc | None:
    word = state.partition(" ")[0]
    over = word in _OVER or (word in STATUSES and status_of(state).final)
    return time(end) if over else None


def _said(text: str) -> str:
    return "" if text in _EMPTY else text
