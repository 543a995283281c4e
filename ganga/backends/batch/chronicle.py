"""What a batch system has written down of jobs, from their first run to their last."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

from ganga.backends.batch.dialect import Chronicling, Dialect
from ganga.backends.batch.shell import Shell
from ganga.errors import UsageError
from ganga.model.ids import NativeId
from ganga.model.step import Step


async def chronicle(dialect: Dialect, shell: Shell, ids: Collection[NativeId]) -> Mapping[NativeId, Sequence[Step]]:
    """The steps of each of these jobs; one of which nothing is written down is left out.

    Raises `UsageError` where nothing is ever written down that could be read, and what the question raises.
    """
    if not isinstance(dialect, Chronicling):
        raise UsageError(f"{dialect.name} writes down nothing of its jobs that could be read")
    steps: dict[NativeId, Sequence[Step]] = {}
    for command in dialect.chronicle_of(ids):
        told = await asyncio.to_thread(dialect.read_chronicle, await shell.run(command))
        if told is None:
            raise UsageError(f"this {dialect.name} keeps no accounting, so that there is no history of its jobs")
        steps.update(told)
    return {native_id: steps[native_id] for native_id in ids if native_id in steps}


def in_order(steps: Iterable[Step]) -> list[Step]:
    """By their times, each once; steps of one second as they came."""
    return sorted(dict.fromkeys(steps), key=lambda step: step.at)
