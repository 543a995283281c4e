"""A back end whose jobs are as a formula says, with a feed of what is new."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ganga.backends.base import Backend, Retrieval, Retrieved
from ganga.model.ids import Cursor, JobId, NativeId, TargetName, job_id
from ganga.model.observation import Answer
from ganga.model.policy import Pace, Policy
from ganga.monitor.connection import Target
from tests.bench.scale.truth import Truth
from tests.bench.stack import Hung

#: Seconds between two questions for what is new, and between two rounds of questions about all jobs.
NEWS, ROUND = 1.0, 60.0

POLICY = Policy(sweep=Pace(fastest=ROUND, slowest=ROUND), feed=Pace(fastest=NEWS, slowest=NEWS))


@dataclass
class Told:
    """The formula, which is replaced when other jobs begin to change."""

    truth: Truth


class Moving(Hung):
    """The live jobs of one campaign; nothing can be submitted or killed."""

    def __init__(self, campaign: JobId, told: Told) -> None:
        self._number = int(campaign)
        self._told = told

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        now, truth = time.time(), self._told.truth
        return Answer({native_id: truth.observe(int(native_id.partition(".")[2]), now) for native_id in ids})

    async def changes(self, since: Cursor | None, /) -> Answer:
        """See `ganga.backends.base.Feed.changes`."""
        now, truth = time.time(), self._told.truth
        changed = () if since is None else truth.changed(float(since), now)
        seen = {NativeId(job_id(self._number, index)): truth.changed_or_not(index, changed=True) for index in changed}
        return Answer(seen, cursor=Cursor(repr(now)))

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        await asyncio.to_thread(_bring, retrievals)
        return {retrieval.native_id: Retrieved() for retrieval in retrievals}


def _bring(retrievals: Sequence[Retrieval]) -> None:
    for retrieval in retrievals:
        (retrieval.into / "stdout").write_bytes(b"done\n")
        (retrieval.into / "stderr").touch()


def target(name: TargetName, campaign: JobId, told: Told) -> Target:
    """As a service looks after it."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        yield Moving(campaign, told)

    return Target(name, "moving", POLICY, connect)
