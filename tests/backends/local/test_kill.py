"""The end on request: whole trees, politely first."""

import sys
from pathlib import Path

import pytest

from ganga.backends.base import Stream
from ganga.backends.local import Settings
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.local.conftest import LIMIT, Target, gone, opened, until

#: Starts a child in a session of its own that would live on, says both numbers, and waits.
_RUNAWAY = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
print(os.getpid(), flush=True)
time.sleep(600)
"""

_STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.02; done"


async def _numbers(target: Target, job: NativeId, count: int) -> list[int]:
    await until(lambda: len(target.output(job).split()) == count)
    return [int(word) for word in target.output(job).split()]


async def test_a_killed_job_says_so(target: Target) -> None:
    job = await target.submit("sleep", "600")
    await target.running(job)
    await target.backend.kill([job])
    end = await target.ended(job)
    assert (end.status, end.native_status, end.signal) == (JobStatus.KILLED, "killed", 15)


async def test_killing_twice_is_once_and_an_end_stays_as_it_is(target: Target) -> None:
    job = await target.submit("sleep", "600")
    done = await target.submit("true")
    await target.running(job)
    completed = await target.ended(done)
    await target.backend.kill([job, done])
    await target.backend.kill([job, done, NativeId("unknown")])
    assert (await target.ended(job)).status is JobStatus.KILLED
    await target.backend.kill([job, done])
    assert await target.polled(done) == completed


async def test_descendants_in_other_sessions_are_killed_too(target: Target) -> None:
    job = await target.submit(sys.executable, "-c", _RUNAWAY)
    numbers = await _numbers(target, job, 2)
    await target.backend.kill([job])
    assert (await target.ended(job)).status is JobStatus.KILLED
    await gone(numbers)


async def test_who_ignores_the_request_is_made_to_end_after_the_grace(target: Target) -> None:
    job = await target.submit("sh", "-c", _STUBBORN)
    await until(lambda: "ready" in target.output(job))
    await target.backend.kill([job])
    end = await target.ended(job)
    assert (end.status, end.signal) == (JobStatus.KILLED, 9)


async def test_who_ends_within_the_grace_has_the_time_to_do_so(tmp_path: Path) -> None:
    script = "trap 'echo tidied; exit 5' TERM; echo ready; while :; do sleep 0.02; done"
    async with opened(tmp_path / "patient", Settings(grace=LIMIT, linger=0.5)) as target:
        job = await target.submit("sh", "-c", script)
        await until(lambda: "ready" in target.output(job))
        await target.backend.kill([job])
        end = await target.ended(job)
        assert (end.status, end.exit_code) == (JobStatus.KILLED, 5)
        assert "tidied" in target.output(job)


async def test_a_stopped_job_can_be_killed(target: Target) -> None:
    job = await target.submit("sh", "-c", "kill -STOP $$")
    await target.running(job)
    await target.backend.kill([job])
    assert (await target.ended(job)).status is JobStatus.KILLED


async def test_a_queued_job_is_killed_without_ever_running(target: Target) -> None:
    fillers = [await target.submit("sleep", "600") for _ in range(4)]
    for filler in fillers:
        await target.running(filler)
    queued = await target.submit("sh", "-c", "echo ran")
    await target.backend.kill([queued])
    end = await target.ended(queued)
    assert (end.status, end.started_at) == (JobStatus.KILLED, None)
    assert await target.backend.read(queued, Stream.STDOUT, 0) == b""


async def test_what_a_job_leaves_behind_is_ended(target: Target) -> None:
    job = await target.submit("sh", "-c", "setsid sleep 600 & echo $!; sleep 600 & echo $!")
    end = await target.ended(job)
    assert (end.status, end.exit_code) == (JobStatus.COMPLETED, 0)
    await gone([int(word) for word in target.output(job).split()])


async def test_an_orphan_that_ignores_the_request_is_made_to_end(target: Target) -> None:
    """The job waits until it has one that does."""
    stubborn = "trap '' TERM; echo ready; mkdir begun; while :; do sleep 0.02; done"
    job = await target.submit("sh", "-c", f'setsid sh -c "{stubborn}" & until test -e begun; do sleep 0.02; done')
    assert (await target.ended(job)).status is JobStatus.COMPLETED
    assert "ready" in target.output(job)


async def test_the_grace_is_a_setting(target: Target) -> None:
    async with opened(target.folder.parent / "patient", Settings(jobs_at_once=1, grace=600, linger=0.5)) as patient:
        job = await patient.submit(
            "sh", "-c", "trap 'sleep 0.5; exit 7' TERM; echo ready; while :; do sleep 0.02; done"
        )
        await until(lambda: "ready" in patient.output(job))
        await patient.backend.kill([job])
        assert (await patient.ended(job)).exit_code == 7


@pytest.mark.parametrize("count", [40])
async def test_many_are_killed_at_once(target: Target, count: int) -> None:
    jobs = [await target.submit("sleep", "600") for _ in range(count)]
    await target.running(jobs[0])
    await target.backend.kill(jobs)
    for job in jobs:
        assert (await target.ended(job)).status is JobStatus.KILLED
