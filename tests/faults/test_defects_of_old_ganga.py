"""What today's Ganga gets wrong in its monitoring service, one by one: here each of them goes right.

The names are those of the probes that reproduced the defects. Those of local jobs are in the file beside this one.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from random import Random

import pytest

from ganga.backends.base import Backend, Receipts, Submission
from ganga.client import Client
from ganga.core import family
from ganga.core.orders import Requested, Submit, Submitted
from ganga.core.tracker import Tracker
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord, Plugin, Resubmission
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus, derived_status
from ganga.monitor import connection, service
from ganga.store.base import Query
from ganga.store.memory import MemoryStore
from ganga.store.sqlite import open_sqlite
from ganga.testing.backend import Fault, ScriptedBackend
from ganga.testing.world import Script
from tests.core.examples import POLICY, TARGET, moment, parent, record
from tests.faults.campaign import until
from tests.faults.scripted import HASTY, RETRY, now, watching

FOREVER = Script(running=1e9)

#: A mail server that nobody can reach.
UNREACHABLE = Plugin("mail", {"to": ("ann@example.org",), "host": "127.0.0.1", "port": 1, "timeout": 1.0})


def scripted(*scripts: Script) -> ScriptedBackend:
    """Each job follows the next script, and then again from the first."""
    following = cycle(scripts or (Script(running=0.1),))
    return ScriptedBackend(now, lambda _: next(following))


async def polls(backend: ScriptedBackend, number: int) -> None:
    """Wait until the back end has been asked so often again, from the start of this on."""
    before = _polls(backend)
    async with asyncio.timeout(60):
        while _polls(backend) < before + number:  # noqa: ASYNC110 - there is nobody who could set an event
            await asyncio.sleep(0.01)


def _polls(backend: ScriptedBackend) -> int:
    return sum(verb == "poll" for verb, _ in backend.calls)


async def status(client: Client, *jobs: JobRecord) -> list[JobStatus]:
    return [(await client.get(job)).status for job in jobs]


async def test_poison(tmp_path: Path) -> None:
    """One job whose mail server cannot be reached stopped every job behind it in the list, at every poll."""
    async with watching(tmp_path, {"scripted": scripted()}) as client:
        poisoned = await client.submit(["true"], folder="/", notifiers=[UNREACHABLE])
        healthy = [await client.submit(["true"], folder="/") for _ in range(2)]
        await client.wait(poisoned, *healthy, timeout=100)
        assert await status(client, poisoned, *healthy) == [JobStatus.COMPLETED] * 3
        assert "mail" in ((await client.get(poisoned)).reason or "")


async def test_two_backends(tmp_path: Path) -> None:
    """Of two back ends that became active together one was checked twice and the other never."""
    first, second = scripted(FOREVER), scripted(FOREVER)
    async with watching(tmp_path, {"first": first, "second": second}) as client:
        for target in client.targets:
            await client.submit(["true"], folder="/", target=target)
        await asyncio.gather(polls(first, 3), polls(second, 3))


async def test_reenable(tmp_path: Path) -> None:
    """After monitoring was disabled for longer than a poll and enabled again, nothing was polled any more."""
    backend, store = scripted(FOREVER), MemoryStore()
    async with watching(tmp_path, {"scripted": backend}, store=store) as client:
        await client.submit(["true"], folder="/")
        await polls(backend, 2)
        await client.pause("scripted")
        await asyncio.sleep(4 * HASTY.sweep.slowest)
        await client.resume("scripted")
        await polls(backend, 2)
    async with watching(tmp_path, {"scripted": backend}, store=store):
        await polls(backend, 2)


async def test_enable_twice(tmp_path: Path) -> None:
    """Each further enabling added another supervising loop, so that everything was asked twice as often."""
    first, second, store = scripted(FOREVER), scripted(FOREVER), MemoryStore()
    async with (
        # Nobody is to lose the lease because this process had no turn for a moment.
        watching(tmp_path, {"scripted": first}, store=store, lease=60.0) as client,
        watching(tmp_path, {"scripted": second}, store=store, lease=60.0),
    ):
        await client.submit(["true"], folder="/")
        polled = {asyncio.create_task(polls(backend, 5)) for backend in (first, second)}
        await asyncio.wait(polled, return_when=asyncio.FIRST_COMPLETED)
        assert sorted((bool(_polls(first)), bool(_polls(second)))) == [False, True]


class Slow(ScriptedBackend):
    """Takes much longer to answer than the time between two questions."""

    at_once = most_at_once = 0

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(4 * HASTY.sweep.slowest)
        self.at_once -= 1
        return await super().poll(ids)


async def test_overlap(tmp_path: Path) -> None:
    """An update slower than the poll was started again and again: seven of the same job ran at once."""
    backend = Slow(now, lambda _: FOREVER)
    async with watching(tmp_path, {"scripted": backend}) as client:
        await client.submit(["true"], folder="/")
        await polls(backend, 3)
        assert backend.most_at_once == 1


async def test_auto_resubmit(tmp_path: Path) -> None:
    """A job that asked to be resubmitted when it fails never was."""
    bad, good = Script(running=0.1, exit_code=1), Script(running=0.1)
    again = Resubmission(attempts=2)
    async with watching(tmp_path, {"scripted": scripted(bad, *[good] * 10)}) as client:
        job = await client.submit(["true"], folder="/", subjobs=10, resubmission=again)
        assert (await client.wait(job, timeout=100))[0].status is JobStatus.COMPLETED
        assert (await client.get(f"{job.id}.0")).attempt == 2
    async with watching(tmp_path / "single", {"scripted": scripted(bad, good)}) as client:
        job = await client.submit(["true"], folder="/", resubmission=again)
        (ended,) = await client.wait(job, timeout=100)
        assert (ended.status, ended.attempt) == (JobStatus.COMPLETED, 2)


class Faulty(ScriptedBackend):
    """Raises what no back end should, once."""

    raised = False

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        answer = await super().poll(ids)
        if not self.raised:
            self.raised = True
            raise OSError("a passing trouble")
        return answer


async def test_raise_in_master(tmp_path: Path) -> None:
    """One passing error in an update, and the back end was never polled again."""
    backend = Faulty(now, lambda _: Script(running=0.3))
    async with watching(tmp_path, {"scripted": backend}) as client:
        (ended,) = await client.wait(await client.submit(["true"], folder="/"), timeout=60)
        assert backend.raised
        assert ended.status is JobStatus.COMPLETED


async def test_slice_off(tmp_path: Path) -> None:
    """Monitoring a few jobs on demand switched the monitoring of all others off."""
    backend = scripted(Script(running=0.2), FOREVER)
    async with watching(tmp_path, {"scripted": backend}) as client:
        short, other = [await client.submit(["true"], folder="/") for _ in range(2)]
        await client.refresh(short)
        await client.wait(short, timeout=60)
        await polls(backend, 3)
        assert await status(client, other) == [JobStatus.RUNNING]


async def test_blocking_post(tmp_path: Path) -> None:
    """What followed the end of a job ran on the event loop: five seconds of it held all monitoring for five seconds."""
    backend = scripted(Script(running=0.1), FOREVER)
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    script = 'touch "$1"; until test -e "$2"; do sleep 0.1; done'
    slow = Plugin("command", {"command": ("sh", "-c", script, "slow", str(begun), str(go_on))})
    async with watching(tmp_path, {"scripted": backend}) as client:
        job = await client.submit(["true"], folder="/", notifiers=[slow])
        await client.submit(["true"], folder="/")
        await until(begun.exists, "it has begun")
        await polls(backend, 3)
        go_on.touch()
        await client.wait(job, timeout=60)
        assert not [hold for hold in client.service.watchdog.holds if "finishing" in hold.culprit]


class Careless(ScriptedBackend):
    """Says nothing of its first job at submission, and answers about the others in reverse."""

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        receipts = await super().submit(batch)
        return Receipts({tag: native_id for tag, native_id in receipts.accepted.items() if native_id != "1000"})

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        answer = await super().poll(ids)
        return Answer(dict(reversed(list(answer.seen.items()))), answer.absent)


async def test_d_misalign(tmp_path: Path) -> None:
    """One job without a native id shifted every other job's status by one."""
    codes = cycle([0, 1, 2, 3])
    backend = Careless(now, lambda _: Script(running=0.1, exit_code=next(codes)))
    async with watching(tmp_path, {"scripted": backend}) as client:
        job = await client.submit(["true"], folder="/", subjobs=4)
        await client.wait(job, timeout=60)
        ended = [record async for record in client.select(parent=job, subjobs=True)]
        assert [record.exit_code for record in ended] == [0, 1, 2, 3]
        assert [record.native_id for record in ended] == ["1000", "1001", "1002", "1003"]


async def test_late_news_of_one_job_cost_the_whole_batch(tmp_path: Path) -> None:
    """News that a failed job runs raised within the poll loop, and the news of all others were lost with it."""

    class Confused(ScriptedBackend):
        async def poll(self, ids: Collection[NativeId], /) -> Answer:
            answer = await super().poll(ids)
            late = Observation(status=JobStatus.RUNNING, native_status="R")
            return Answer({NativeId("1000"): late, **answer.seen}, answer.absent)

    backend = Confused(now, lambda job: Script(running=0.1 if job.job == "1" else 0.4, exit_code=int(job.job == "1")))
    async with watching(tmp_path, {"scripted": backend}) as client:
        jobs = [await client.submit(["true"], folder="/") for _ in range(3)]
        await client.wait(*jobs, timeout=60)
        assert await status(client, *jobs) == [JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.COMPLETED]


async def test_d_missing_id(tmp_path: Path) -> None:
    """A job that was missing in one answer was failed for ever."""
    backend = scripted(Script(running=0.5))
    async with watching(tmp_path, {"scripted": backend}) as client:
        jobs = [await client.submit(["true"], folder="/") for _ in range(2)]
        backend.goes_wrong("poll", Fault.TRUNCATED, Fault.PARTIAL, Fault.DENY)
        await client.wait(*jobs, timeout=60)
        assert await status(client, *jobs) == [JobStatus.COMPLETED] * 2


async def test_d_no_module(tmp_path: Path) -> None:
    """A back end whose software was missing was asked for ever, one more hanging call a poll, and nobody was told."""
    installed = False

    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        if not installed:
            raise ModuleNotFoundError("No module named 'DIRAC'")
        yield backend

    backend = scripted()
    async with watching(tmp_path, {"dirac": connect}) as client:
        job = await client.submit(["true"], folder="/")
        async with asyncio.timeout(60):
            async for event in client.events(after=0):
                if event.kind == "target_down":
                    break
        assert "DIRAC" in ((await client.target_states())[TargetName("dirac")].error or "")
        assert len([task for task in asyncio.all_tasks() if task.get_name().startswith("dirac: ")]) < 6
        installed = True
        assert (await client.wait(job, timeout=60))[0].status is JobStatus.COMPLETED


async def test_d_stdout(tmp_path: Path) -> None:
    """The first call of a back end replaced the standard output and error of the user's session."""
    before = sys.stdout, sys.stderr
    async with watching(tmp_path, {"scripted": scripted()}) as client:
        await client.wait(await client.submit(["true"], folder="/"), timeout=60)
        assert (sys.stdout, sys.stderr) == before


async def test_in_submitting_after_a_kill(tmp_path: Path) -> None:
    """Jobs whose submission was interrupted stayed in submitting, or were failed, although they ran."""
    backend, store = scripted(), MemoryStore()
    backend.goes_wrong("submit", Fault.LATE)
    async with watching(tmp_path, {"scripted": backend}, store=store) as client:
        job = await client.submit(["true"], folder="/", subjobs=5)
        async with asyncio.timeout(60):
            while len(backend.world) < 5:  # noqa: ASYNC110 - there is nobody who could set an event
                await asyncio.sleep(0.01)
    async with watching(tmp_path, {"scripted": backend}, store=store) as client:
        assert (await client.wait(job, timeout=60))[0].status is JobStatus.COMPLETED
    assert set(backend.world.accepted.values()) == {1}


async def test_exit_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session could not be left while an update was hanging."""
    # What does not stop by itself takes so long, and nothing else does, be the machine as busy as it may.
    for module in (connection, service):
        monkeypatch.setattr(module, "CLOSING_TIME", 60.0)
    backend = scripted(FOREVER)
    backend.goes_wrong("poll", *[Fault.HANG] * 5)
    loop = asyncio.get_running_loop()
    async with watching(tmp_path, {"scripted": backend}) as client:
        asking = asyncio.create_task(polls(backend, 1))
        await client.submit(["true"], folder="/")
        await asking
        left_at = loop.time()
    assert loop.time() - left_at < 60.0


@pytest.mark.slow
async def test_a_thousand_jobs_submitted_while_monitoring(tmp_path: Path) -> None:
    """A race with the submitting thread ended the supervising loop for ever: hundreds of jobs were never polled."""
    async with (
        open_sqlite(tmp_path / "ganga.sqlite") as store,
        watching(tmp_path, {"scripted": scripted(Script(running=0.0))}, store=store) as client,
    ):
        jobs = [await client.submit(["true"], folder="/") for _ in range(1000)]
        await client.wait(*jobs, timeout=60)
        assert await store.count(Query()) == {JobStatus.COMPLETED: 1000}


def test_the_status_of_a_job_with_subjobs_costs_what_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change of a subjob looked at all subjobs, so that a thousand of them cost a million looks."""
    looked_at = 0

    def counting(counts: Mapping[JobStatus, int]) -> JobStatus:
        nonlocal looked_at
        looked_at += len(counts)
        return derived_status(counts)

    monkeypatch.setattr(family, "derived_status", counting)
    subjobs = 1000
    tracker = Tracker(TARGET, replace(POLICY, submit=replace(POLICY.submit, batch=1, retry=RETRY)), Random(1))
    whole = parent(status=JobStatus.SUBMITTING, subjobs=subjobs)
    parts = tuple(record(f"1.{index}", JobStatus.SUBMITTING) for index in range(subjobs))
    families = {JobId("1"): {JobStatus.SUBMITTING: subjobs}}
    tracker.receive([Requested(TARGET, (whole, *parts), families)], moment(0))
    looked_at = changes = 0
    while orders := [order for order in tracker.due(moment(1)) if isinstance(order, Submit)]:
        for order in orders:
            changes += 1
            tracker.receive([Submitted(order, {order.jobs[0]: NativeId(f"n{changes}")})], moment(1))
    assert changes == subjobs
    assert looked_at <= len(JobStatus) * subjobs
