"""The wall clock of a monitor may jump: it says what happened when, and decides nothing."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.local import Settings, connect, policy
from ganga.client import Client
from ganga.model.clock import Moment, Utc
from ganga.model.event import EventKind
from ganga.model.ids import Seq
from ganga.monitor.clock import Clock, system_clock
from ganga.monitor.connection import Target
from ganga.monitor.service import Service
from ganga.settings import LOCAL
from ganga.store.sqlite import open_sqlite
from ganga.workspace import Workspace
from tests.faults.campaign import campaign_in, pause

HOUR = 3600.0
YEAR = 365 * 24 * HOUR

#: Seconds. On a busy machine it takes a while until the lease is renewed; others look at it ten times as often.
LEASE = 20.0


@dataclass
class JumpingClock:
    """The clocks of this machine, the one for people set wrong by so many seconds."""

    wrong_by: float = 0.0

    def __call__(self) -> Moment:
        moment = system_clock()
        return Moment(moment.monotonic, Utc(moment.utc + self.wrong_by))


@asynccontextmanager
async def opened(home: Path, clock: Clock) -> AsyncIterator[Client]:
    """What `ganga.open` gives, with a clock of the test's own."""
    settings = Settings(jobs_at_once=8, linger=5.0)
    opening = partial(connect, settings, Surroundings(LOCAL, home / "targets" / LOCAL))
    targets = {LOCAL: Target(LOCAL, "local", policy(settings), opening)}
    workspace = Workspace(home)
    async with (
        open_sqlite(home / "ganga.sqlite") as store,
        Service(store, workspace, targets, clock=clock, lease_seconds=LEASE) as service,
    ):
        yield Client(store, workspace, service, default_target=LOCAL)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_set_forward_and_back_among_running_jobs(tmp_path: Path) -> None:
    chance = random.Random(25)
    clock = JumpingClock()
    with campaign_in(tmp_path) as campaign:
        async with opened(campaign.home, clock) as client, opened(campaign.home, system_clock) as follower:
            for wrong_by in (HOUR, -HOUR, YEAR, 0.0, -YEAR, -HOUR):
                await campaign.submit(client, 20)
                await pause(chance.uniform(0.1, 0.4))
                clock.wrong_by = wrong_by
            await campaign.wait(client)
            assert client.service.leading == {LOCAL}
            assert not follower.service.leading
            holder = await client.store.holder(LOCAL)
            assert holder is not None
            assert holder.epoch == 1, "the lease has changed hands"
            await _times_say_what_the_clock_said(client)
        await campaign.judge()


async def _times_say_what_the_clock_said(client: Client) -> None:
    """Events count on while their times jump; how long a job ran is known from a clock that never jumps."""
    news = [
        event for event in await client.store.events(Seq(0), limit=10_000) if event.kind is EventKind.STATUS_CHANGED
    ]
    times = [event.at for event in news]
    assert times != sorted(times)
    assert max(times) - min(times) > YEAR
    async for record in client.select(subjobs=True):
        if record.subjobs is None:
            assert record.started_at is not None
            assert record.ended_at is not None
            assert 0.0 <= record.ended_at - record.started_at < HOUR
