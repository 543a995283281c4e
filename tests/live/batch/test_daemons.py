"""What happens to daemons ends no job."""

import asyncio

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.system import System
from tests.live.batch.test_history import history_up_to

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ENDLESS = JobSpec(command=("sleep", "3600"))


async def running_job(trial: Trial) -> NativeId:
    native_id = await trial.submit(ENDLESS)
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    return native_id


async def still_runs(trial: Trial, native_id: NativeId) -> None:
    """A daemon that comes back may need a while to answer, and a controller may have forgotten that the job began."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                answer = await trial.backend.poll([native_id])
            except BackendUnavailable:
                continue
            assert native_id not in answer.absent
            if native_id in answer.seen:
                assert not answer.seen[native_id].status.final
                if answer.seen[native_id].status is JobStatus.RUNNING:
                    return
            await asyncio.sleep(trial.pause)


@pytest.mark.parametrize("position", [0, 1])
async def test_a_daemon_that_is_killed_and_comes_back_ends_no_job(
    trial: Trial, backend: BatchBackend, system: System, position: int
) -> None:
    native_id = await running_job(trial)
    # In this thread: what a thread has started ends with it.
    system.restart(system.daemons[position])
    await still_runs(trial, native_id)
    await backend.kill([native_id])
    assert (await trial.end_of(native_id)).status is JobStatus.KILLED


async def test_a_frozen_controller_is_an_outage_and_no_end(trial: Trial, system: System) -> None:
    native_id = await running_job(trial)
    async with system.connect(trial.folder.parent / "work", timeout=5.0) as impatient:
        with system.frozen(system.daemons[0]), pytest.raises(BackendUnavailable, match="not answered within 5 seconds"):
            await impatient.poll([native_id])
    await still_runs(trial, native_id)
    await trial.backend.kill([native_id])
    await trial.end_of(native_id)


async def test_a_submission_to_a_frozen_controller_is_settled_later(
    trial: Trial, backend: BatchBackend, system: System
) -> None:
    """It may have come through; then it is found, and if not, it never runs."""
    submission = trial.submission(JobSpec(command=("true",)))
    async with system.connect(trial.folder.parent / "work", timeout=5.0) as impatient:
        with system.frozen(system.daemons[0]), pytest.raises(BackendUnavailable):
            await impatient.submit([submission])
    async with asyncio.timeout(PATIENCE):
        while True:
            finding = await backend.find([submission.tag])
            if finding.present or finding.absent:
                break
            await asyncio.sleep(trial.pause)
    native_id = finding.present.get(submission.tag)
    if native_id is None:
        native_id = (await backend.submit([submission])).accepted[submission.tag]
    assert (await trial.end_of(native_id)).status is JobStatus.COMPLETED


async def test_a_history_that_is_away_delays_news_and_ends_nothing(
    trial: Trial, backend: BatchBackend, system: System
) -> None:
    if system.history is None:
        pytest.skip("no daemon keeps its history")
    live = await running_job(trial)
    ended = await trial.submit(JobSpec(command=("sh", "-c", "exit 7")))
    unknown = NativeId("99999999")
    with system.stopped(system.history):
        answer = await backend.poll([live, unknown])
        assert answer.seen[live].status is JobStatus.RUNNING
        assert answer.absent == frozenset()
        seen = await trial.end_of(ended)
        assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 7)
    # Then it has been told what it missed.
    await history_up_to(7, backend, ended)
    await backend.kill([live])
    assert (await trial.end_of(live)).status is JobStatus.KILLED
    assert (await backend.poll([unknown])).absent == {unknown}
