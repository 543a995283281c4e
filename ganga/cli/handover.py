"""Seeing to it that what was asked for is carried out, and saying what stands in the way."""

import asyncio
import time
from collections.abc import Sequence

from ganga.cli.words import clock_time, safe, tell
from ganga.client import Client
from ganga.model.clock import Utc
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord

#: Seconds between two looks at whether a target that is waited for can be reached at all.
HEALTH_EVERY = 1.0
#: Seconds for which targets that are away are hoped for.
HOPE = 10.0
#: Seconds of work after which it is said why the command is still here.
UNEXPLAINED = 3.0

_EXPLANATION = (
    "the request is stored; no monitor runs, so this command stays until it is carried out "
    "(Ctrl-C leaves that to the next command that waits)"
)


async def settle(client: Client, jobs: Sequence[JobId]) -> None:
    """Where no monitor runs, be it until what was asked for is carried out; targets that are away are not
    waited for.
    """
    settling = asyncio.create_task(client.service.settle(jobs))
    explain = asyncio.get_running_loop().call_later(UNEXPLAINED, tell, _EXPLANATION)
    hopeful_until = time.monotonic() + HOPE
    try:
        while not (await asyncio.wait({settling}, timeout=HEALTH_EVERY))[0]:
            records = await client.store.get(jobs)
            troubles = await troubles_of(client, records)
            if not {record.target for record in records} <= troubles.keys():
                hopeful_until = time.monotonic() + HOPE
            elif time.monotonic() > hopeful_until:
                tell(f"{'; '.join(troubles.values())}; the request is stored and will be carried out then")
                return
        await settling
    finally:
        explain.cancel()
        settling.cancel()


async def troubles_of(client: Client, records: Sequence[JobRecord]) -> dict[TargetName, str]:
    """What stands in the way of the targets of these jobs."""
    states = await client.target_states()
    now = Utc(time.time())
    troubles: dict[TargetName, str] = {}
    for target in sorted({record.target for record in records}):
        name, state = safe(target), states.get(target)
        if state is None:
            troubles[target] = f"target {name} is not in the settings, and nobody here looks after it"
        elif state.paused:
            troubles[target] = f"target {name} is paused until 'ganga targets resume {name}'"
        elif state.down_since is not None:
            since = clock_time(state.down_since, now)
            troubles[target] = f"{name} has not answered since {since} ({safe(state.error or 'no reason given')})"
    return troubles
