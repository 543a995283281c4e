"""All that the accounting has of jobs: a block of ``qacct`` for each run, with where it was and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ganga.backends.batch.chronicle import in_order
from ganga.backends.batch.shell import Reply
from ganga.backends.grid_engine.accounting import Block, blocks, time_of
from ganga.model.ids import NativeId
from ganga.model.step import Step

_SOURCE: Final = "accounting"
#: A run of which nothing failed but what the program's own code tells.
_WELL: Final = "0"


def read(reply: Reply) -> Mapping[NativeId, Sequence[Step]] | None:
    """None where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    found = blocks(reply)
    if found is None:
        return None
    steps: dict[NativeId, list[Step]] = {}
    before: dict[NativeId, str] = {}
    for native_id, block in found:
        told = list(_steps(block, before.pop(native_id, "")))
        if not told:
            before[native_id] = f"after failed {block['failed']}"
        steps.setdefault(native_id, []).extend(told)
    return {native_id: in_order(own) for native_id, own in steps.items() if own}


def _steps(block: Block, before: str) -> Iterator[Step]:
    """Of a run that goes back to the queue there is a record without times; the next run tells of it."""
    if at := time_of(block, "qsub_time"):
        yield Step(status="qsub", at=at, source=_SOURCE)
    if at := time_of(block, "start_time"):
        host = block.get("hostname", "")
        yield Step(status="start", minor_status=host, application_status=before, at=at, source=_SOURCE)
    if at := time_of(block, "end_time"):
        failed = "" if block["failed"] == _WELL else f"failed {block['failed']}"
        code = f"exit_status {block['exit_status']}"
        yield Step(status="end", minor_status=failed, application_status=code, at=at, source=_SOURCE)
