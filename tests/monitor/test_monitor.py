"""Save before you speak; survive what fails; carry out what is asked for, whoever asks."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from ganga.backends.base import Finding, Receipts, Submission
from ganga.errors import StoreUnavailable
from ganga.model.clock import Utc, rfc3339
from ganga.model.event import EventKind
from ganga.model.identity import Identity
from ganga.model.ids import JobId, Seq, Tag, TargetName
from ganga.model.policy import Pace
from ganga.model.status import JobStatus
from ganga.store.base import Holder
from ganga.testing.backend import ScriptedFeed
from ganga.testing.world import Script
from tests.monitor.doubles import BRISK, Odd, Site, TroubledStore, at, clock, now, scripted, target, that, virtual

LONG = Script(running=1e6)


async def history(site: Site, job: JobId) -> list[str]:
    """All that was told of the job's status, which has to be one unbroken story."""
    events = await site.store.events(Seq(0), limit=10**6, job=job)
    told = [event for event in events if event.job == job and event.new is not None]
    for earlier, later in pairwise(told):
        assert later.old in {None, earlier.new}, f"{later} does not follow {earlier}"
    return [str(event.new) for event in told]


@virtual
async def test_a_job_is_followed_to_its_end(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(queued=3.0, running=5.0, stdout=b"hello"))))
    async with site.service():
        job = await site.create("site")
        record = await site.until(job)
    assert record.status is JobStatus.COMPLETED
    assert await history(site, job) == ["submitting", "submitted", "running", "completing", "completed"]
    assert (site.workspace.output(job, 1) / "stdout").read_bytes() == b"hello"


@pytest.mark.parametrize("saves_before", range(6))
@virtual
async def test_failed_saves_lose_nothing_and_tell_nothing(saves_before: int, tmp_path: Path) -> None:
    store = TroubledStore()
    backend = scripted(Script(queued=2.0, running=3.0), latency=0.5)
    site = Site(tmp_path, target("site", backend), store=store)
    async with site.service():
        job = await site.create("site", 5)
        while store.saves < saves_before:
            await store.wait(await store.last_seq(), 1.0)
        store.full_disk(2)
        record = await site.until(job)
        assert record.status is JobStatus.COMPLETED
        assert not store.troubles
    assert set(backend.world.accepted.values()) == {1}, "each ran once"
    for index in range(5):
        story = await history(site, JobId(f"{job}.{index}"))
        assert (story[-2:], Counter(story).most_common(1)[0][1]) == (["completing", "completed"], 1)
    assert await site.story("site") == [], "the store's trouble is not the target's"


@virtual
async def test_what_is_being_submitted_when_a_save_fails_is_not_submitted_twice(tmp_path: Path) -> None:
    """A thread goes on although nobody waits for it: to look for its jobs before it is done would find none."""

    class Threaded(Odd):
        def __init__(self) -> None:
            super().__init__()
            self.threads: set[asyncio.Task[Receipts]] = set()

        async def submit(self, batch: Sequence[Submission], /) -> Receipts:
            thread = asyncio.create_task(self._submit(batch))
            self.threads.add(thread)
            return await asyncio.shield(thread)

        async def _submit(self, batch: Sequence[Submission]) -> Receipts:
            await asyncio.sleep(6.0)
            return await self.sane.submit(batch)

        async def find(self, tags: Collection[Tag], /) -> Finding:
            return await self.sane.find(tags)

    store, backend = TroubledStore(), Threaded()
    site = Site(tmp_path, target("site", backend), store=store)
    async with site.service():
        first = await site.create("site")
        await site.until(first, JobStatus.RUNNING)
        second = await site.create("site")
        await that(lambda: len(backend.threads) == 2)
        store.full_disk(1)
        assert (await site.until(first)).status is JobStatus.COMPLETED
        assert (await site.until(second)).status is JobStatus.COMPLETED
        assert not store.troubles
    assert set(backend.sane.world.accepted.values()) == {1}


@virtual
async def test_whoever_lost_its_lease_stops_and_contends_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TroubledStore()
    site = Site(tmp_path, target("site", scripted(Script(running=60.0))), store=store)
    name = TargetName("site")
    async with site.service() as service:
        job = await site.create("site")
        await site.until(job, JobStatus.RUNNING)
        stolen = await store.acquire(name, "another machine", await store.holder(name))
        assert stolen is not None
        await asyncio.sleep(4.0)
        assert service.leading == set()
        began = now()
        await that(lambda: name in service.leading)
        assert now() - began < 10.0, "the thief is silent: its lease runs out"
        assert (await site.until(job)).status is JobStatus.COMPLETED
    assert "lease" in caplog.text


@virtual
async def test_a_bug_in_the_monitor_of_one_target_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(TroubledStore):
        bugs = 3

        async def families(
            self, target: TargetName, parents: Collection[JobId] | None = None
        ) -> dict[JobId, dict[JobStatus, int]]:
            if target == "bad" and self.bugs:
                self.bugs -= 1
                raise ZeroDivisionError
            return await super().families(target, parents)

    site = Site(tmp_path, target("bad", scripted()), target("good", scripted()), store=Buggy())
    async with site.service():
        theirs, ours = await site.create("bad"), await site.create("good")
        assert (await site.until(ours, within=10.0)).status is JobStatus.COMPLETED
        assert (await site.until(theirs, within=30.0)).status is JobStatus.COMPLETED
    assert "bad: its monitor failed and starts again" in caplog.text


@virtual
async def test_a_store_that_cannot_be_read_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Flickering(TroubledStore):
        outages = 5

        async def holder(self, target: TargetName) -> Holder | None:
            self._flicker()
            return await super().holder(target)

        async def last_seq(self) -> Seq:
            self._flicker()
            return await super().last_seq()

        def _flicker(self) -> None:
            if self.outages:
                self.outages -= 1
                raise StoreUnavailable("locked")

    site = Site(tmp_path, target("site", scripted()), store=Flickering())
    async with site.service():
        await asyncio.sleep(30.0)
        assert (await site.until(await site.create("site"))).status is JobStatus.COMPLETED
    assert "locked" in caplog.text


@virtual
async def test_a_monitor_that_missed_forgotten_events_goes_on_from_what_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Late(TroubledStore):
        late = True

        async def families(
            self, target: TargetName, parents: Collection[JobId] | None = None
        ) -> dict[JobId, dict[JobStatus, int]]:
            """While the monitor reads what is stored, so much happens that it is forgotten before it is read."""
            if self.late:
                self.late = False
                await self.request_refresh([JobId("1"), JobId("2")], clock().utc)
                await self.forget_events(await self.last_seq())
            return await super().families(target, parents)

    site = Site(tmp_path, target("site", scripted()), store=Late())
    job = await site.create("site")
    await site.create("site")
    async with site.service():
        assert (await site.until(job)).status is JobStatus.COMPLETED
        assert (await site.until(await site.create("site"))).status is JobStatus.COMPLETED
    assert "were archived" in caplog.text
    assert "going on from what is stored" in caplog.text


# Requests of other processes: each is written to the store by nobody but the store itself.


@virtual
async def test_a_job_that_runs_is_killed(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(LONG)))
    async with site.service():
        job = await site.create("site")
        await site.until(job, JobStatus.RUNNING)
        await site.store.request_kill([job], "ada", at(0))
        record = await site.until(job, within=10.0)
    assert (record.status, record.reason) == (JobStatus.KILLED, "killed as ada asked")


@virtual
async def test_ten_thousand_subjobs_are_created_killed_and_submitted_again(tmp_path: Path) -> None:
    backend = scripted(LONG)
    site = Site(tmp_path, target("site", backend))
    async with site.service():
        job = await site.create("site", 10_000)
        await that(lambda: len(backend.world) == 10_000)
        await site.store.request_kill([job], "ada", at(0))
        record = await site.until(job)
        assert (record.status, record.reason) == (JobStatus.KILLED, "of 10000 subjobs 10000 killed")
        await site.store.request_submit([job], at(0))
        await that(lambda: len(backend.world) == 20_000)
    assert set(backend.world.accepted.values()) == {1}


@virtual
async def test_a_failed_job_is_submitted_again(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(exit_code=3))))
    async with site.service():
        job = await site.create("site")
        assert (await site.until(job)).exit_code == 3
        await site.store.request_submit([job], at(0))
        await site.until(job, JobStatus.RUNNING, JobStatus.COMPLETING)
        record = await site.until(job)
    assert (record.status, record.attempt) == (JobStatus.FAILED, 2)


@virtual
async def test_a_job_is_asked_about_on_demand(tmp_path: Path) -> None:
    backend = scripted(LONG)
    site = Site(tmp_path, target("site", backend))
    async with site.service():
        job = await site.create("site")
        await site.until(job, JobStatus.RUNNING)
        await asyncio.sleep(60.0)
        asked = len(backend.calls)
        await site.store.request_refresh([job], at(0))
        await asyncio.sleep(0.2)
        assert backend.calls[asked:] == [("poll", 1)]


@virtual
async def test_a_job_that_was_removed_is_forgotten(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted()))
    async with site.service():
        job = await site.create("site", 3)
        await site.until(job)
        await site.store.remove([job], at(0))
        other = await site.create("site")
        assert (await site.until(other)).status is JobStatus.COMPLETED


@virtual
async def test_a_paused_target_is_left_alone(tmp_path: Path) -> None:
    backend = scripted()
    site = Site(tmp_path, target("site", backend))
    await site.store.pause(TargetName("site"), paused=True, by="ada", at=at(0))
    async with site.service():
        job = await site.create("site")
        await asyncio.sleep(300.0)
        assert backend.calls == []
        await site.store.pause(TargetName("site"), paused=False, by="ada", at=at(0))
        assert (await site.until(job, within=20.0)).status is JobStatus.COMPLETED


@virtual
async def test_a_feed_is_asked_where_the_policy_says_so(tmp_path: Path) -> None:
    """And a policy that speaks of a feed where there is none is told as what it is."""
    policy = replace(BRISK, sweep=Pace(fastest=1000.0, slowest=1000.0), feed=Pace(fastest=1.0, slowest=1.0))
    feed = ScriptedFeed(now, lambda _: Script(running=5.0))
    site = Site(tmp_path, target("feed", feed, policy), target("none", scripted(), policy))
    async with site.service():
        ours, theirs = await site.create("feed"), await site.create("none")
        assert (await site.until(ours, within=20.0)).status is JobStatus.COMPLETED
        await asyncio.sleep(60.0)
        assert (await site.get(theirs)).status is not JobStatus.COMPLETED
        assert "no verb `changes`" in ((await site.state("none")).error or "")


@virtual
async def test_whom_a_target_takes_us_for_is_kept_up_to_date_and_its_end_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Known(Odd):
        identity: Identity | None = None

    backend = Known()
    backend.sane = scripted(LONG)
    site = Site(tmp_path, target("site", backend))
    async with site.service():
        await site.create("site")
        await asyncio.sleep(30.0)
        assert (await site.state("site")).identity is None
        ends_at = Utc(clock().utc + 1000.0)
        backend.identity = Identity(name="ada of users", expires_at=ends_at, warn_before=600.0)
        await asyncio.sleep(300.0)
        assert (await site.state("site")).identity == backend.identity
        assert await site.story("site") == []
        await asyncio.sleep(300.0)
        assert await site.story("site") == [EventKind.CREDENTIALS_EXPIRING]
    async with site.service():
        await asyncio.sleep(60.0)
        assert await site.story("site") == [EventKind.CREDENTIALS_EXPIRING], "not again by the next monitor"
        backend.identity = replace_fields(backend.identity, expires_at=Utc(ends_at + 1e6))
        await asyncio.sleep(60.0)
        assert (await site.state("site")).identity == backend.identity
    warnings = [record.message for record in caplog.records if "credentials" in record.message]
    assert warnings == [f"site: the credentials of ada of users end at {rfc3339(ends_at)}: renew them"]
