"""Thousands of jobs of others in the queue: ours are followed, and by no more questions."""

from pathlib import Path

from ganga.backends.batch.backend import BatchBackend
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.replacement import Replacement
from tests.live.batch.system import System
from tests.live.batch.test_arrays import array, ends, until_made

CROWD = 5000


async def test_our_jobs_are_followed_among_thousands_of_others_with_one_question(
    backend: BatchBackend, trial: Trial, system: System, question: Replacement, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    with system.crowd(CROWD):
        live = await trial.submit(JobSpec(command=("sleep", "3600")))
        held = list((await backend.submit(array(trial, 3, "true", system.waiting))).accepted.values())
        failing = await trial.submit(JobSpec(command=("sh", "-c", "exit 7")))
        seen = await trial.end_of(failing)
        assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 7)
        await trial.until(live, lambda seen: seen.status is JobStatus.RUNNING, "begun")
        await until_made(backend, system, held)
        question.becomes(f"echo >>'{asked}'; real \"$@\"")
        answer = await backend.poll([live, *held])
        assert asked.read_text() == "\n"
        assert answer.absent == frozenset()
        statuses = {native_id: seen.status for native_id, seen in answer.seen.items()}
        assert statuses == {live: JobStatus.RUNNING, **dict.fromkeys(held, JobStatus.HELD)}
        await backend.kill([live, *held])
        assert {status for status, _ in (await ends(backend, [live, *held])).values()} == {JobStatus.KILLED}
