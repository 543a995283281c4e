"""What jobs have used: the lines of ``sacct`` for a job's newest run and its steps, of which ``.batch`` is the script.

The memory is told of steps only, the processor time of the job as a whole too: as zero while it is not written down.
"""

from collections.abc import Mapping
from typing import Final

from ganga.backends.batch.amounts import duration, size
from ganga.backends.batch.dialect import Usage
from ganga.backends.batch.shell import Reply
from ganga.backends.slurm.accounting import keeps_none
from ganga.backends.slurm.ids import place
from ganga.backends.slurm.table import SEPARATOR, rows
from ganga.model.ids import NativeId

TITLES: Final = ("JobID", "MaxRSS", "TotalCPU")
QUESTION: Final = ("sacct", "--parsable2", f"--delimiter={SEPARATOR}", f"--format={','.join(TITLES)}")


def read(reply: Reply) -> Mapping[NativeId, Usage]:
    """Nothing where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0:
        if keeps_none(reply):
            return {}
        raise reply.unavailable()
    found: dict[NativeId, Usage] = {}
    for text, memory, time in rows(reply, TITLES):
        job, dot, _ = text.partition(".")
        if place(job) is None:
            continue  # Tasks that never started have used nothing.
        peak, spent = found.get(NativeId(job), Usage(None, None))
        peak = max((amount for amount in (peak, size(memory)) if amount is not None), default=None)
        found[NativeId(job)] = Usage(peak, spent if dot else duration(time) or None)
    return found
