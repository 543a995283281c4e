"""How jobs end, and who ends them."""

import asyncio
from contextlib import suppress
from signal import SIGKILL, SIGSEGV

import psutil
import pytest

from ganga.backends.arc.backend import ArcBackend
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.arc.conftest import Connect, until, until_denied
from tests.live.arc_server.element import WEB, Element


def shell(script: str) -> JobSpec:
    return JobSpec(command=("sh", "-c", script))


async def running(trial: Trial) -> NativeId:
    native_id = await trial.submit(trial.samples.endless)
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    return native_id


async def all_of(element: Element, job: NativeId) -> list[psutil.Process]:
    """The processes of an endless job; none as long as it has not come to what it is to do."""
    found = await asyncio.to_thread(element.processes_of, job)
    with suppress(psutil.NoSuchProcess):
        return found if any(process.name() == "sleep" for process in found) else []
    return []


async def test_an_end_is_told_with_what_is_known_of_it(trial: Trial, backend: ArcBackend) -> None:
    busy = "import time\nb = b'x' * (80 << 20)\nwhile time.process_time() < 1: pass"
    specs = (
        JobSpec(command=("sleep", "1")),
        shell("echo no >&2; exit 42"),
        shell("kill -9 $$"),
        shell("kill -SEGV $$"),
        JobSpec(command=("/usr/bin/env", "python3", "-c", busy)),
    )
    ids = [await trial.submit(spec) for spec in specs]
    good, bad, killed_itself, crashed, hungry = await asyncio.gather(*map(trial.end_of, ids))
    assert (good.status, good.exit_code, good.signal, good.reason) == (JobStatus.COMPLETED, 0, None, None)
    assert (bad.status, bad.exit_code) == (JobStatus.FAILED, 42)
    assert "42" in str(bad.reason)
    assert (killed_itself.status, killed_itself.signal) == (JobStatus.FAILED, SIGKILL)
    assert (crashed.status, crashed.signal) == (JobStatus.FAILED, SIGSEGV)
    assert hungry.status is JobStatus.COMPLETED
    assert (hungry.cpu_time or 0) >= 0.9
    assert (hungry.peak_memory or 0) > 80 << 20
    told = await backend.history([ids[0], trial.unknown])
    assert [step.status for step in told[ids[0]]][-1] == "FINISHED"
    assert "INLRMS" in {step.status for step in told[ids[0]]}
    assert told.keys() == {ids[0]}
    for seen in (good, bad, killed_itself, crashed, hungry):
        assert seen.started_at is not None
        assert seen.ended_at is not None
        assert seen.ended_at >= seen.started_at
        assert seen.place


async def test_jobs_are_killed_wherever_they_are_and_by_whomever(
    trial: Trial, backend: ArcBackend, element: Element, connect: Connect
) -> None:
    early = await trial.submit(trial.samples.endless)
    await backend.kill([early])
    ours, theirs, hit = [await running(trial) for _ in range(3)]
    await backend.kill([ours])
    async with connect() as somebody:
        await somebody.kill([theirs])
    for process in await until(lambda: all_of(element, hit)):
        # One may end with another.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(SIGKILL)
    ends = await asyncio.gather(*map(trial.end_of, (early, ours, theirs, hit)))
    assert [seen.status for seen in ends] == [JobStatus.KILLED] * 3 + [JobStatus.FAILED]
    assert ends[3].exit_code is None
    async with connect() as somebody:
        await somebody.discard([theirs])
    await until_denied(backend, theirs)


async def test_an_element_that_hangs_ends_no_job(trial: Trial, element: Element, connect: Connect) -> None:
    native_id = await running(trial)
    # As long as the busiest element may need to say that it is there.
    async with connect(timeout=10.0) as backend:
        with element.frozen(WEB):
            with pytest.raises(BackendUnavailable, match=r"within 10 s|cannot be reached"):
                await backend.poll([native_id])
            with pytest.raises(BackendUnavailable):
                await backend.kill([native_id])
        assert (await trial.backend.poll([native_id])).seen[native_id].status is JobStatus.RUNNING
        await trial.backend.kill([native_id])


async def test_what_is_asked_for_arrives_and_what_cannot_be_is_refused(trial: Trial, element: Element) -> None:
    wish = Resources(
        processors=2, memory=3 << 30, time=5400, queue="fork", project="physics", native=('(priority="7")',)
    )
    native_id = await trial.submit(JobSpec(command=("true",), resources=wish))
    notes = element.note(native_id, "description")
    for said in ('(count="2")', '(memory="1536")', '(project="physics")', '(priority="7")', '(queue="fork")'):
        assert said in notes
    limits = element.note(native_id, "grami")
    assert "joboption_walltime=5400" in limits
    jobs = [
        trial.submission(JobSpec(command=("true",), resources=Resources(queue="no-such-queue"))),
        trial.submission(JobSpec(command=("true",), resources=Resources(native=("count=many",)))),
        trial.submission(JobSpec(command=("true",), resources=Resources(image="busybox"))),
    ]
    rejected = (await trial.backend.submit(jobs)).rejected
    assert "no-such-queue" in rejected[jobs[0].tag]
    assert "image" in rejected[jobs[2].tag]
    assert len(rejected) == 3, rejected
    assert (await trial.end_of(native_id)).status is JobStatus.COMPLETED
