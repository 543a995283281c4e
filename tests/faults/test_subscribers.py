"""Who listens cannot harm who else listens, nor the monitor."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from ganga.client import Client
from ganga.model.event import Event
from ganga.model.ids import Seq
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from ganga.store.sqlite import open_sqlite
from ganga.testing.backend import ScriptedBackend
from ganga.testing.clock import VirtualClock
from ganga.testing.world import Script
from tests.faults.campaign import until
from tests.faults.scripted import now, watching

SUBJOBS = 1000

#: Seconds that the slow one takes for each event: more than an hour for all of them.
SLOW = 1.0


async def test_one_raises_one_is_slow_one_goes_away_and_the_others_miss_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = VirtualClock()
    backend = ScriptedBackend(lambda: clock().utc, lambda _: Script(running=0.3))
    raised: list[Seq] = []
    slow: list[Seq] = []
    called: list[Seq] = []

    def raises(event: Event) -> None:
        raised.append(event.seq)
        raise ValueError("a subscriber's own bug")

    async def dawdles(event: Event) -> None:
        slow.append(event.seq)
        await asyncio.sleep(SLOW)

    async with (
        open_sqlite(tmp_path / "ganga.sqlite") as store,
        watching(tmp_path, {"scripted": backend}, store=store) as client,
        client.calling(raises),
        client.calling(dawdles),
        client.calling(lambda event: called.append(event.seq)),
    ):
        job = await client.submit(["true"], folder="/", subjobs=SUBJOBS)
        leaving = asyncio.create_task(_leaves_after(client, 100))
        cancelled = asyncio.create_task(_follows(client, job))
        following = asyncio.create_task(_follows(client, job))
        await leaving
        cancelled.cancel()
        # Each is seen to run, however long that takes.
        await _counts(client, JobStatus.RUNNING, SUBJOBS)
        clock.advance(1.0)
        heard = await asyncio.wait_for(following, 100)
        stored = [event.seq for event in await store.events(Seq(0), limit=100 * SUBJOBS)]
        await until(lambda: len(called) == len(raised) == len(stored), "the others have heard all")
    assert len(stored) > 4 * SUBJOBS
    assert heard == called == raised == stored
    assert slow == stored[: len(slow)]
    assert len(slow) < len(stored) / 10
    assert "a subscriber's own bug" in caplog.text
    assert len([record for record in caplog.records if record.name != "ganga.monitor.watchdog"]) < 20


async def test_what_a_slow_one_has_not_heard_yet_is_told_when_it_comes_back(tmp_path: Path) -> None:
    backend = ScriptedBackend(now, lambda _: Script(running=0.1))
    async with watching(tmp_path, {"scripted": backend}) as client:
        job = await client.submit(["true"], folder="/", subjobs=100)
        await client.wait(job, timeout=100)
        last = (await _leaves_after(client, 50))[-1]
        rest = [event.seq async for event in client.events(after=last, follow=False)]
        assert rest == list(range(last + 1, await client.store.last_seq() + 1))


async def _leaves_after(client: Client, number: int) -> list[Seq]:
    """Listens to so many events and no more."""
    heard: list[Seq] = []
    async with aclosing(client.events(after=0)) as events:
        async for event in events:
            heard.append(event.seq)
            if len(heard) == number:
                break
    return heard


async def _counts(client: Client, status: JobStatus, number: int) -> None:
    """Listens until so many subjobs have got this status."""
    found = 0
    async for event in client.events(after=0):
        found += event.new is status and "." in (event.job or "")
        if found == number:
            break


async def _follows(client: Client, job: JobRecord) -> list[Seq]:
    """Listens until the job is over."""
    heard: list[Seq] = []
    async for event in client.events(after=0):
        heard.append(event.seq)
        if event.job == job.id and event.new is JobStatus.COMPLETED:
            break
    return heard
