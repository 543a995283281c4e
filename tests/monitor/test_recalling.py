"""A job that its back end runs again after its end is followed again, without anybody asking."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ganga.core.orders import Recall
from ganga.model.event import EventKind
from ganga.model.ids import JobId, NativeId, Seq, Tag, TargetName
from ganga.model.job import JobRecord
from ganga.model.policy import Pace
from ganga.model.status import JobStatus
from ganga.monitor.recalling import recalled
from ganga.store.memory import MemoryStore
from ganga.testing.backend import ScriptedFeed
from ganga.testing.world import Script
from tests.monitor.doubles import BRISK, Site, TroubledStore, now, target, virtual

NAME = TargetName("site")
#: All that is heard comes from the feed.
FEED_ALONE = replace(BRISK, sweep=Pace(fastest=1e6, slowest=1e6), feed=Pace(fastest=1.0, slowest=1.0), idle_feed=20.0)


class WatchedStore(TroubledStore):
    """Counts the looks for native ids."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[int] = []

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        self.looks.append(len(native_ids))
        return await super().ended(target, native_ids)


def the_site(folder: Path, backend: ScriptedFeed, store: MemoryStore | None = None) -> Site:
    return Site(folder, target("site", backend, FEED_ALONE), store=store)


def feed(script: Script) -> ScriptedFeed:
    return ScriptedFeed(now, lambda _: script, latency=0.1)


async def test_one_look_is_enough_where_no_job_is_ours() -> None:
    store = WatchedStore()
    names = tuple(NativeId(str(number)) for number in range(100))
    found = await recalled(Recall(NAME, names), store)
    assert (found.records, found.parents, found.families, store.looks) == ({}, (), {}, [100])


@virtual
async def test_it_is_the_next_attempt_with_an_output_of_its_own(tmp_path: Path) -> None:
    backend = feed(Script(queued=2.0, running=3.0, stdout=b"hello"))
    site = the_site(tmp_path, backend)
    async with site.service():
        job = await site.create("site")
        first = await site.until(job)
        assert first.native_id is not None
        await asyncio.sleep(100.0)
        backend.world.requeue(first.native_id, now())
        await site.until(job, JobStatus.SUBMITTED, JobStatus.RUNNING, within=40.0)
        second = await site.until(job)
    assert (second.status, second.attempt, second.restart) == (JobStatus.COMPLETED, 2, 1)
    assert second.native_id == first.native_id
    assert await site.store.attempts(job) == [first]
    for attempt in (1, 2):
        assert (site.workspace.output(job, attempt) / "stdout").read_bytes() == b"hello"
    started = [event for event in await site.store.events(Seq(0)) if event.kind is EventKind.ATTEMPT_STARTED]
    assert [event.attempt for event in started] == [2]


@virtual
async def test_it_is_heard_of_after_a_restart_too(tmp_path: Path) -> None:
    backend = feed(Script(running=60.0))
    site = the_site(tmp_path, backend)
    async with site.service():
        first = await site.until(await site.create("site"))
    assert first.native_id is not None
    backend.world.requeue(first.native_id, now())
    async with site.service():
        await site.until(first.id, JobStatus.RUNNING, within=60.0)
        assert (await site.until(first.id)).attempt == 2


@virtual
async def test_a_save_that_fails_loses_no_rerun(tmp_path: Path) -> None:
    """What told of it, and where to go on behind that, are stored together or not at all."""
    store = TroubledStore()
    backend = feed(Script(running=100.0))
    site = the_site(tmp_path, backend, store)
    async with site.service():
        first = await site.until(await site.create("site"))
        assert first.native_id is not None
        await asyncio.sleep(50.0)
        backend.world.requeue(first.native_id, now())
        store.full_disk(2)
        await site.until(first.id, JobStatus.RUNNING)
        assert (await site.until(first.id, within=300.0)).attempt == 2
    assert not store.troubles


@virtual
async def test_a_finished_job_runs_again_with_its_subjob(tmp_path: Path) -> None:
    backend = feed(Script(running=3.0))
    site = the_site(tmp_path, backend)
    async with site.service():
        job = await site.create("site", 3)
        await site.until(job)
        subjob = await site.get(JobId(f"{job}.1"))
        assert subjob.native_id is not None
        await asyncio.sleep(100.0)
        backend.world.requeue(subjob.native_id, now())
        await site.until(job, JobStatus.RUNNING, within=60.0)
        assert (await site.until(job)).status is JobStatus.COMPLETED
        assert (await site.until(subjob.id)).attempt == 2


@virtual
async def test_the_jobs_of_others_cost_one_look_for_each_answer_and_then_none(tmp_path: Path) -> None:
    backend = feed(Script(running=1e5))
    store = WatchedStore()
    site = the_site(tmp_path, backend, store)
    async with site.service():
        await site.until(await site.create("site"), JobStatus.RUNNING)
        await asyncio.sleep(10.0)
        others = [backend.world.accept(Tag(f"other-{number}"), Script(running=5.0), now()) for number in range(100)]
        await asyncio.sleep(60.0)
        assert store.looks == [100]
        backend.world.requeue(others[0], now())
        await asyncio.sleep(60.0)
        assert store.looks == [100], "whatever becomes of them"
