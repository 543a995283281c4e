"""What the system has written down of jobs, and what they have used."""

from pathlib import Path

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.errors import UsageError
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.system import System


async def test_all_runs_of_a_job_are_told(trial: Trial, backend: BatchBackend, system: System, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"test -e '{mark}' && exit 5; touch '{mark}'; sleep 3600"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING and mark.exists(), "begun")
    system.requeue(native_id)
    await trial.end_of(native_id)
    if not system.keeps_history:
        with pytest.raises(UsageError, match="no accounting"):
            await backend.history([native_id])
        return
    await trial.until(native_id, lambda _: system.has_forgotten(native_id), "been forgotten")
    steps = (await backend.history([native_id]))[native_id]
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    text = " ".join(f"{step.status} {step.minor_status} {step.application_status}" for step in steps)
    assert "REQUEUED" in text or "rescheduling" in text or "NumJobStarts 2" in text
    assert any(code in steps[-1].application_status for code in ("5:0", "exit_status 5", "ExitCode 5"))


async def test_what_a_job_has_used_comes_with_its_end(trial: Trial, system: System) -> None:
    # Some systems count whole seconds.
    script = "i=0; while [ $i -lt 3000000 ]; do i=$((i + 1)); done; sleep 3"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    seen = await trial.end_of(native_id)
    if not system.keeps_history:
        return
    # The accounting may be a moment late, and then an end is told without.
    seen = await trial.until(native_id, lambda seen: seen.cpu_time is not None, "been accounted for")
    assert seen.cpu_time is not None
    assert 0.0 < seen.cpu_time < 60.0
    assert seen.peak_memory is None or 1 << 18 < seen.peak_memory < 1 << 32
