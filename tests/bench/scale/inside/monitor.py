"""A monitor in a process of its own: ``python -m tests.bench.scale.inside.monitor ERRAND``.

It waits for a line, begins to follow, takes each further line as what is true from then on, and stops at the end of its
standard input. Of all that it stores it tells, a line each.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import msgspec

from ganga.model.event import Event
from ganga.model.ids import JobId, TargetName
from ganga.model.update import Update
from ganga.monitor.service import Service
from ganga.store.base import Lease
from ganga.workspace import Workspace
from tests.bench.scale.errands import Monitoring, Saved
from tests.bench.scale.inside.lines import next_line, say
from tests.bench.scale.moving import Told, target
from tests.bench.scale.places import opened
from tests.bench.scale.truth import Truth

Save = Callable[[Update, Lease], Awaitable[tuple[Event, ...]]]


async def main(errand: Monitoring) -> None:
    async with opened(errand.where) as store:
        say("ready")
        told = Told(msgspec.json.decode(await next_line(), type=Truth))
        targets = {
            TargetName(name): target(TargetName(name), JobId(campaign), told)
            for name, campaign in errand.targets.items()
        }
        workspace = Workspace(Path(errand.home))
        with patch.object(store, "save", partial(_save, store.save)), patch("socket.gethostname", lambda: errand.host):
            async with Service(store, workspace, targets, lease_seconds=errand.lease):
                while line := await next_line():
                    told.truth = msgspec.json.decode(line, type=Truth)


async def _save(save: Save, update: Update, lease: Lease) -> tuple[Event, ...]:
    events = await save(update, lease)
    first, last = (events[0].seq, events[-1].seq) if events else (0, 0)
    confirmed = update.state is not None and update.state.confirmed_at is not None
    say(Saved(update.target, time.time(), first, last, confirmed))
    return events


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Monitoring)))
