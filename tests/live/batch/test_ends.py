"""How jobs end, and what is said of it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Readable, Stream
from ganga.backends.batch.backend import BatchBackend
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.system import System


def shell(script: str, resources: Resources | None = None) -> JobSpec:
    return JobSpec(command=("sh", "-c", script), resources=resources or Resources())


def runs(seen: Observation) -> bool:
    return seen.status is JobStatus.RUNNING


def verdict(seen: Observation) -> Observation:
    """Without what each witness puts in its own way, and without what the job has used."""
    return replace(seen, native_status="", started_at=None, ended_at=None, cpu_time=None, peak_memory=None)


async def test_an_exit_code_is_the_jobs_own(trial: Trial) -> None:
    seen = await trial.end_of(await trial.submit(shell("exit 42")))
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, 42, None)
    assert seen.started_at is not None
    assert seen.ended_at is not None
    assert seen.started_at <= seen.ended_at


async def test_a_signal_is_told_as_one(trial: Trial) -> None:
    seen = await trial.end_of(await trial.submit(shell("kill -9 $$")))
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, None, 9)


async def test_a_program_that_is_not_there_says_so(trial: Trial, backend: Readable) -> None:
    native_id = await trial.submit(JobSpec(command=("no-such-program",)))
    assert (await trial.end_of(native_id)).exit_code == 127
    assert b"no-such-program" in await backend.read(native_id, Stream.STDERR, 0)


async def test_an_end_is_remembered_when_the_system_has_forgotten_the_job(trial: Trial, system: System) -> None:
    """From the queue, then from the history or from the launcher's own word."""
    native_id = await trial.submit(shell("exit 42"))
    await trial.end_of(native_id)
    await trial.until(native_id, lambda _: system.has_forgotten(native_id), "been forgotten")
    seen = await trial.end_of(native_id)
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, 42, None)


@pytest.mark.slow
async def test_a_job_that_ran_into_its_time_limit_has_failed(trial: Trial, system: System) -> None:
    """A minute is the shortest limit, and controllers look now and then only."""
    trial = Trial(trial.backend, trial.folder, pause=1.0, patience=600.0, prefix=trial.prefix)
    seen = await trial.end_of(await trial.submit(shell("sleep 3600", system.shortest_limit)))
    assert seen.status is JobStatus.FAILED
    assert "time limit" in (seen.reason or "")


async def test_a_job_that_uses_more_memory_than_it_asked_for_does_not_go_on(trial: Trial, system: System) -> None:
    """By ten processes together: one alone may be refused the memory, and then fails by itself. Each keeps what it has
    for as long as the job is there: not every system finds them all when it ends it.
    """
    if system.scarce_memory is None:
        pytest.skip("nothing here holds jobs to their memory")
    greedy = r"""sh -c 'x=$(head -c 30M /dev/zero | tr "\0" x); while kill -0 $PPID; do sleep 1; done'"""
    script = f"for each in 0 1 2 3 4 5 6 7 8 9; do {greedy} & done; wait"
    native_id = await trial.submit(shell(script, system.scarce_memory))
    seen = await trial.until(native_id, lambda seen: "--memory" in (seen.reason or ""), "been told why")
    assert seen.status is system.over_memory
    await trial.backend.kill([native_id])


async def test_a_job_that_is_killed_while_it_runs_is_killed(trial: Trial, backend: BatchBackend) -> None:
    native_id = await trial.submit(shell("sleep 3600"))
    await trial.until(native_id, runs, "begun")
    await backend.kill([native_id])
    assert (await trial.end_of(native_id)).status is JobStatus.KILLED


async def test_a_job_that_is_killed_in_the_queue_is_killed(trial: Trial, backend: BatchBackend, system: System) -> None:
    native_id = await trial.submit(shell("sleep 3600", system.waiting))
    await trial.until(native_id, lambda seen: not runs(seen), "been queued")
    await backend.kill([native_id])
    assert (await trial.end_of(native_id)).status is JobStatus.KILLED


async def test_a_job_that_waits_for_somebody_is_held(trial: Trial, backend: BatchBackend, system: System) -> None:
    native_id = await trial.submit(shell("sleep 3600", system.waiting))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.HELD, "been held")
    await backend.kill([native_id])


async def test_a_job_that_somebody_else_kills_is_killed(trial: Trial, system: System) -> None:
    native_id = await trial.submit(shell("sleep 3600"))
    await trial.until(native_id, runs, "begun")
    system.cancel_as_somebody(native_id)
    assert (await trial.end_of(native_id)).status is JobStatus.KILLED


async def test_a_job_that_is_run_again_is_the_next_run(trial: Trial, system: System, tmp_path: Path) -> None:
    """And its end is that of its last run, also when the system has forgotten it."""
    mark = tmp_path / "mark"
    native_id = await trial.submit(shell(f"echo run; test -e '{mark}' && exit 5; touch '{mark}'; sleep 3600"))
    await trial.until(native_id, runs, "begun")
    await trial.until(native_id, lambda _: mark.exists(), "come so far")
    system.requeue(native_id)
    seen = await trial.end_of(native_id)
    assert (seen.status, seen.exit_code, seen.restart) == (JobStatus.FAILED, 5, 1)
    await trial.until(native_id, lambda _: system.has_forgotten(native_id), "been forgotten")
    later = await trial.end_of(native_id)
    assert verdict(later) == verdict(seen)
    if not system.forgets_use:
        # The accounting may be a moment late, and then an end is told without.
        assert seen.cpu_time in {None, later.cpu_time}
        assert seen.peak_memory in {None, later.peak_memory}
    retrieved, into = await trial.fetch(native_id, (), "again")
    assert retrieved.error is None
    assert (into / "stdout").read_bytes() == b"run\n"


async def test_a_job_that_cannot_be_is_refused_with_the_systems_own_words(trial: Trial) -> None:
    submission = trial.submission(shell("true", Resources(queue="no-such-queue")))
    receipts = await trial.backend.submit([submission])
    assert list(receipts.rejected) == [submission.tag]
    assert "queue" in receipts.rejected[submission.tag] or "partition" in receipts.rejected[submission.tag]


async def test_an_unknown_id_is_denied(backend: BatchBackend, system: System) -> None:
    answer = await backend.poll([system.unknown])
    assert not answer.seen
    assert answer.absent == {system.unknown}
