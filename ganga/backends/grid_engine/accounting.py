"""What is written down: the blocks of ``qacct``, one for each run of a job or task, in the order of their ends.

A run may be followed by another, with nothing in its own record that says so but the code of its failure. So the last
record counts, and is an end only if its code is one that Grid Engine ends a job with.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from ganga.backends.batch.amounts import duration, size
from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.grid_engine.endings import Record, end_of, is_another_run, is_end
from ganga.backends.grid_engine.ids import expand
from ganga.model.clock import Utc
from ganga.model.ids import NativeId

#: For what it knows nothing of it ends with the exit code 1.
_UNKNOWN: Final = re.compile(r"^error: job (?:id|name) .* not found$", re.MULTILINE)
#: What it says where there is no file with the history.
_NONE_KEPT: Final = "no jobs running since startup"

_RULE: Final = re.compile(r"^=+ *\n", re.MULTILINE)
_NO_TASK: Final = "undefined"
#: A block that has the last of these is whole: it is printed behind the others.
_NEEDED: Final = ("jobname", "jobnumber", "taskid", "start_time", "end_time", "failed", "exit_status", "maxvmem")
_FAILED: Final = re.compile(r"([0-9]{1,4})(?: *: *(.*))?")
_EXIT: Final = re.compile(r"([0-9]{1,5})(?: +\(.*\))?")
_TIME: Final = re.compile(r"\w{3} (\w{3}) +([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: What is written down of one run, by the words of ``qacct``.
Block = Mapping[str, str]


def read(reply: Reply) -> Listing | None:
    """None where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    found = blocks(reply)
    if found is None:
        return None
    runs: dict[NativeId, list[Record]] = {}
    names: dict[NativeId, str] = {}
    for native_id, block in found:
        runs.setdefault(native_id, []).append(_record(reply, block))
        names[native_id] = block["jobname"]
    return {native_id: Entry(names[native_id], end_of(own[-1], _restart(own))) for native_id, own in _ended(runs)}


def blocks(reply: Reply) -> list[tuple[NativeId, Block]] | None:
    """All runs that are written down, with whose they are, in the order of their ends; None where no history is kept.

    Raises `BackendUnavailable` and `BackendProtocolError`.
    """
    if reply.exit_code != 0:
        if _NONE_KEPT in reply.text:
            return None
        if _UNKNOWN.search(reply.complaint):
            return []
        raise reply.unavailable()
    return [(_id(reply, block), block) for block in _blocks(reply)]


def _ended(runs: Mapping[NativeId, Sequence[Record]]) -> Iterator[tuple[NativeId, Sequence[Record]]]:
    return ((native_id, own) for native_id, own in runs.items() if is_end(own[-1]))


def _restart(own: Sequence[Record]) -> int:
    return sum(map(is_another_run, own[:-1]))


def _blocks(reply: Reply) -> Iterator[Block]:
    """What stands before the first line across is a banner."""
    _, *texts = _RULE.split(reply.text)
    if not texts:
        raise reply.unreadable("blocks of jobs")
    for text in texts:
        block: dict[str, str] = {}
        for line in text.split("\n"):
            key, _, value = line.partition(" ")
            block.setdefault(key, value.strip())
        if not all(key in block for key in _NEEDED):
            raise reply.unreadable(f"blocks with {', '.join(_NEEDED)}")
        yield block


def _id(reply: Reply, block: Block) -> NativeId:
    task = block["taskid"]
    ids = expand(block["jobnumber"], None if task == _NO_TASK else task)
    if ids is None or len(ids) > 1:
        raise reply.unreadable("ids of jobs")
    return ids[0]


def _record(reply: Reply, block: Block) -> Record:
    failed, status = _FAILED.fullmatch(block["failed"]), _EXIT.fullmatch(block["exit_status"])
    if failed is None or status is None:
        raise reply.unreadable("numbers that say how jobs ended")
    return Record(
        failed=int(failed[1]),
        said=(failed[2] or "").strip(),
        exit_status=int(status[1]),
        start=time_of(block, "start_time"),
        end=time_of(block, "end_time"),
        peak_memory=size(block["maxvmem"]),
        cpu_time=duration(block.get("cpu", "")),
    )


def time_of(block: Block, key: str) -> Utc | None:
    """``Sun Nov 22 09:39:49 2026``, in the zone that is asked for; None for ``-/-``."""
    match = _TIME.fullmatch(block.get(key, ""))
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = map(int, match.group(2, 3, 4, 5, 6))
    try:
        moment = datetime(year, _MONTHS.index(match[1]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return Utc(moment.timestamp())
