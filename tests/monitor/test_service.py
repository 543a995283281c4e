"""Each target of a process stands and falls alone; leases are taken over and given back; closing takes seconds
at most.
"""

import asyncio
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Receipts, Retrieval, Retrieved, Submission
from ganga.errors import BackendUnavailable, UnknownJob, UnknownTarget
from ganga.model.clock import Utc
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord, JobSpec
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from ganga.monitor.process import Process, describe, this_process
from ganga.store.base import NewJob
from ganga.store.creation import first_record
from ganga.testing.world import Script
from tests.monitor.doubles import Odd, Site, at, deaf, now, scripted, target, that, virtual

LONG = Script(running=1e6)
SITE = TargetName("site")
ELSEWHERE = describe(Process(host="elsewhere.example", boot="b", pid=1, started="1"))


@virtual
async def test_the_lease_of_a_dead_process_is_taken_over_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted()))
    job = await site.create("site")
    assert await site.store.acquire(SITE, describe(replace(this_process(), started="0"))) is not None
    async with site.service() as service:
        await that(lambda: SITE in service.leading, within=1.0)
        assert (await site.until(job)).status is JobStatus.COMPLETED


@virtual
async def test_that_of_one_elsewhere_within_seconds_of_its_last_sign(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted()))
    theirs = await site.store.acquire(SITE, ELSEWHERE)
    assert theirs is not None
    async with site.service() as service:
        for _ in range(10):
            await asyncio.sleep(1.0)
            await site.store.renew(theirs)
        assert service.leading == set()
        await that(lambda: SITE in service.leading, within=7.0)


@virtual
async def test_of_two_one_asks_and_the_next_begins_when_the_first_has_closed(tmp_path: Path) -> None:
    backend = scripted(Script(running=30.0))
    site = Site(tmp_path, target("site", backend))
    async with site.service() as second:
        async with site.service() as first:
            job = await site.create("site")
            await site.until(job, JobStatus.RUNNING)
            assert len(first.leading) + len(second.leading) == 1
        assert await site.store.holder(SITE) is None or second.leading
        assert (await site.until(job)).status is JobStatus.COMPLETED
    assert await site.store.holder(SITE) is None
    assert set(backend.world.accepted.values()) == {1}


@virtual
async def test_one_that_only_reads_asks_nobody(tmp_path: Path) -> None:
    backend = scripted()
    site = Site(tmp_path, target("site", backend))
    async with site.service(monitoring=False) as service:
        job = await site.create("site")
        await asyncio.sleep(60.0)
        assert backend.calls == []
        await service.settle([job])


class Stuck(Odd):
    """All its verbs but one are deaf."""

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        await deaf()
        raise AssertionError(batch)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        await deaf()
        raise AssertionError(ids)


@virtual
async def test_closing_with_orders_out_takes_seconds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    site = Site(tmp_path, *(target(f"stuck{number}", Stuck()) for number in range(5)))
    async with site.service():
        for name in site.targets:
            await site.create(name)
        await asyncio.sleep(3.0)
        began = now()
    assert now() - began < 8.0
    assert "is left behind" in caplog.text
    assert [await site.store.holder(name) for name in site.targets] == [None] * 5, "the leases are given back"


# Settling


@virtual
async def test_settles_when_what_was_asked_for_is_carried_out(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(LONG)))
    async with site.service() as service:
        single, whole = await site.create("site"), await site.create("site", 3)
        await service.settle([single, whole])
        assert (await site.get(single)).status is JobStatus.SUBMITTED
        assert (await site.get(whole)).status is not JobStatus.SUBMITTING
        await site.store.request_kill([single, whole], "ada", at(0))
        await service.settle([single, whole])
        assert (await site.get(whole)).status is JobStatus.KILLED
        await site.store.request_submit([single], at(0))
        await service.settle([single])
        assert (await site.get(single)).attempt == 2


@virtual
async def test_does_not_wait_for_what_another_living_process_does(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(LONG)))
    await site.store.acquire(SITE, ELSEWHERE)
    job = await site.create("site")
    async with site.service() as service:
        began = now()
        await service.settle([job])
        assert now() - began < 5.0


@virtual
async def test_a_job_of_a_target_that_nobody_knows_is_settled(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted()))
    job = await site.create("another")
    async with site.service() as service:
        await service.settle([job])


# Back ends and outputs for whoever asks


@virtual
async def test_an_unknown_target_has_no_back_end(tmp_path: Path) -> None:
    async with Site(tmp_path, target("site", scripted())).service() as service:
        with pytest.raises(UnknownTarget, match="no longer in the settings; known targets: site"):
            await service.backend(TargetName("gone"))


class Fetching(Odd):
    """Says something else of an output each time."""

    def __init__(self, *replies: Retrieved | None) -> None:
        super().__init__()
        self.replies = list(replies)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        reply = self.replies.pop(0)
        if reply is None:
            await asyncio.get_running_loop().create_future()
        return {retrieval.native_id: reply or Retrieved() for retrieval in retrievals}


@virtual
async def test_a_late_try_brings_output_home(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", Fetching(Retrieved(error="away"), None, Retrieved())))
    job = await site.create("site")
    record = replace(await site.get(job), native_id=NativeId("n1"))
    async with site.service(monitoring=False) as service:
        with pytest.raises(BackendUnavailable, match="output of job 1 cannot be had from site: away"):
            await service.fetch(record)
        with pytest.raises(BackendUnavailable, match="did not answer within 20 seconds"):
            await service.fetch(record)
        await service.fetch(record)
        assert site.workspace.output(job, 1).is_dir()
        await service.fetch(replace(record, native_id=None))
        with pytest.raises(UnknownJob, match="removed meanwhile"):
            await service.fetch(replace(record, id=JobId("99")))


def postprocessed_if_slow(number: int, job: NewJob, created_at: Utc) -> JobRecord:
    """The first record of a job, as if those called slow had plug-ins."""
    return replace(first_record(number, job, created_at), postprocessed=job.spec.name == "slow")


@virtual
async def test_plugins_that_are_slow_hold_up_no_other_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than there are places: the others are finished all the same."""
    out = 0

    async def call(*_: object, **__: object) -> None:
        nonlocal out
        out += 1
        await asyncio.sleep(1000.0)

    monkeypatch.setattr("ganga.backends.pool.ThreadPool.call", call)
    monkeypatch.setattr("ganga.store.memory.first_record", postprocessed_if_slow)
    site = Site(tmp_path, target("site", scripted()))
    async with site.service():
        slow = [await site.create("site", spec=JobSpec(command=("true",), name="slow")) for _ in range(20)]
        quick = [await site.create("site") for _ in range(20)]
        for job in quick:
            assert (await site.until(job, within=30.0)).status is JobStatus.COMPLETED
        assert out == 4
        assert {(await site.get(job)).status for job in slow} == {JobStatus.COMPLETING}


def test_a_whole_program_ends_in_silence_although_its_back_end_is_deaf(tmp_path: Path) -> None:
    """In a process of its own, with real time and all warnings: nothing is destroyed pending, nothing never
    retrieved.
    """
    program = f"""
import asyncio, logging, sys
from pathlib import Path
from ganga.model.job import JobSpec
from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.monitor.service import Service
from ganga.store.base import NewJob
from ganga.store.memory import MemoryStore
from ganga.workspace import Workspace
from tests.monitor.doubles import target
from tests.monitor.test_service import Stuck
async def main():
    # A busy machine makes anything slow.
    asyncio.get_running_loop().slow_callback_duration = 3600.0
    logging.getLogger("ganga.monitor.watchdog").disabled = True
    store = MemoryStore()
    await store.create(NewJob(JobSpec(command=("true",)), TargetName("site")), Utc(1.0))
    async with Service(store, Workspace(Path({str(tmp_path)!r})), {{TargetName("site"): target("site", Stuck())}}):
        await asyncio.sleep(0.2)
asyncio.run(main())
print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "ended\n"
    assert [line for line in done.stderr.splitlines() if "left behind" not in line] == []
