"""What only HTCondor does."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.base import Feed, Retrieval, Submission, Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.htcondor.opening import connect
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.states import OVER_TIME
from ganga.model.ids import NativeId, Tag, TargetName, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.observation import Observation
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import CHECKS, Check, Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.htcondor import HTCondorSystem

pytestmark = pytest.mark.parametrize("running_system", ["htcondor"], indirect=True)


@pytest.fixture
async def apart(system: HTCondorSystem, work: Path) -> AsyncIterator[BatchBackend]:
    """One whose jobs run where the work folder is not looked into: HTCondor brings their files."""
    assert system.backend == "htcondor"
    settings = Settings(work_folder=str(work), commit_delay=2.0, shared_files=False)
    async with connect(settings, Surroundings(TargetName("htcondor"), work)) as backend:
        yield backend


@pytest.fixture
def apart_trial(apart: BatchBackend, tmp_path: Path) -> Trial:
    folder = tmp_path / "brought"
    folder.mkdir()
    return Trial(apart, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")


async def followed(backend: BatchBackend) -> AsyncGenerator[dict[NativeId, Observation], None]:
    """What the event log has told so far, again and again, as often as the monitor asks."""
    assert isinstance(backend, Feed)
    cursor = (await backend.changes(None)).cursor
    told: dict[NativeId, Observation] = {}
    while True:
        yield told
        answer = await backend.changes(cursor)
        cursor = answer.cursor
        told.update(answer.seen)
        await asyncio.sleep(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_each_promise_is_kept_where_no_files_are_shared(check: Check, apart_trial: Trial) -> None:
    await check(apart_trial)


async def test_files_go_there_and_come_back(apart_trial: Trial, tmp_path: Path) -> None:
    inputs, own = tmp_path / "inputs", tmp_path / "mine.txt"
    (inputs / "sub").mkdir(parents=True)
    (inputs / "sub" / "shared.txt").write_text("shared ")
    own.write_text("mine")
    spec = JobSpec(command=("sh", "-c", "cat sub/shared.txt; cat mine.txt; echo x >out.root; exit 3"))
    batch = [
        Submission(
            job_id(1, index), Tag(f"ganga-{token_hex(4)}"), spec, Share(inputs=(str(own),) * (index == 1)), inputs
        )
        for index in range(3)
    ]
    accepted = (await apart_trial.backend.submit(batch)).accepted
    for job in batch:
        native_id, folder = accepted[job.tag], tmp_path / str(job.tag)
        assert (await apart_trial.end_of(native_id)).exit_code == 3
        folder.mkdir()
        await apart_trial.backend.fetch([Retrieval(native_id, ("*.root",), folder)])
        assert (folder / "out.root").read_text() == "x\n"
        assert (folder / "stdout").read_text() == ("shared mine" if job.share.inputs else "shared ")


async def test_the_event_log_tells_how_jobs_end(backend: BatchBackend) -> None:
    async with asyncio.timeout(PATIENCE), aclosing(followed(backend)) as news:
        await anext(news)
        specs = [
            JobSpec(command=("sh", "-c", "exit 7")),
            JobSpec(command=("sh", "-c", "kill -9 $$")),
            JobSpec(command=("sleep", "600"), resources=Resources(time=2)),
        ]
        batch = [Submission(job_id(number), Tag(f"ganga-{token_hex(4)}"), spec) for number, spec in enumerate(specs, 1)]
        accepted = (await backend.submit(batch)).accepted
        ids = [accepted[job.tag] for job in batch]
        async for told in news:
            if all(native_id in told and told[native_id].status.final for native_id in ids):
                break
        ends = [told[native_id] for native_id in ids]
    assert [(end.status, end.exit_code, end.signal) for end in ends] == [
        (JobStatus.FAILED, 7, None),
        (JobStatus.FAILED, None, 9),
        (JobStatus.FAILED, None, None),
    ]
    assert ends[2].reason == OVER_TIME
    assert all(end.ended_at is not None for end in ends)


async def submitted(backend: BatchBackend, script: str) -> NativeId:
    job = Submission(job_id(1), Tag(f"ganga-{token_hex(4)}"), JobSpec(command=("sh", "-c", script)))
    return (await backend.submit([job])).accepted[job.tag]


async def code_of(backend: BatchBackend, native_id: NativeId) -> int | None:
    """As it is told when it is asked for."""
    while True:
        seen = (await backend.poll([native_id])).seen.get(native_id)
        if seen is not None and seen.status.final:
            return seen.exit_code
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("change", ["emptied", "moved"])
async def test_what_is_done_to_the_event_log_hides_no_end(change: str, backend: BatchBackend, work: Path) -> None:
    """HTCondor appends to one that was emptied in its place. What it writes into one that was moved away the queue and
    the history tell; the next job's events are in a new one.
    """
    log = work / "events"
    async with asyncio.timeout(PATIENCE), aclosing(followed(backend)) as news:
        await anext(news)
        first = await submitted(backend, "sleep 3; exit 7")
        async for told in news:
            if first in told and told[first].status is JobStatus.RUNNING:
                break
        if change == "emptied":
            os.truncate(log, 0)
        else:
            await asyncio.to_thread(log.rename, work / "events.old")
            assert await code_of(backend, first) == 7
        second = await submitted(backend, "exit 8")
        awaited = {second: 8} if change == "moved" else {first: 7, second: 8}
        async for told in news:
            if awaited.items() <= {native_id: seen.exit_code for native_id, seen in told.items()}.items():
                break
    content = await asyncio.to_thread(log.read_bytes)
    assert content
    assert b"\0" not in content
