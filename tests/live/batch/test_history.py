"""What the system has written down of jobs, and what they have used."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.model.step import Step
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.system import System

#: Seconds of a processor's time, of which some systems count whole ones; and then seconds for those to look that look
#: at running jobs only.
BUSY = "import time\nwhile time.process_time() < 3: pass\ntime.sleep(6)"


async def history_up_to(code: int, backend: BatchBackend, native_id: NativeId) -> Sequence[Step]:
    """All steps, as soon as they end with this exit code: a daemon writes them down at its own pace, if it is there."""
    ended = {f"{code}:0", f"exit_status {code}", f"ExitCode {code}"}
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(BackendUnavailable):
                steps = (await backend.history([native_id])).get(native_id, ())
                if steps and steps[-1].application_status in ended:
                    return steps
            await asyncio.sleep(0.2)


async def test_all_runs_of_a_job_are_told(trial: Trial, backend: BatchBackend, system: System, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"test -e '{mark}' && exit 5; touch '{mark}'; sleep 3600"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING and mark.exists(), "begun")
    system.requeue(native_id)
    await trial.end_of(native_id)
    if not system.keeps_history:
        complaint = "writes down nothing" if system.backend == "torque" else "no accounting"
        with pytest.raises(UsageError, match=complaint):
            await backend.history([native_id])
        return
    await trial.until(native_id, lambda _: system.has_forgotten(native_id), "been forgotten")
    steps = await history_up_to(5, backend, native_id)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    text = " ".join(f"{step.status} {step.minor_status} {step.application_status}" for step in steps)
    assert "REQUEUED" in text or "rescheduling" in text or "NumJobStarts 2" in text


async def test_what_a_job_has_used_comes_with_its_end(trial: Trial, system: System) -> None:
    native_id = await trial.submit(JobSpec(command=(sys.executable, "-c", BUSY)))
    seen = await trial.end_of(native_id)
    if not (system.keeps_history or system.forgets_use):
        return
    # The accounting may be a moment late, and then an end is told without.
    seen = await trial.until(native_id, lambda seen: seen.cpu_time is not None, "been accounted for")
    assert seen.cpu_time is not None
    assert 0.0 < seen.cpu_time < 60.0
    assert seen.peak_memory is None or 1 << 18 < seen.peak_memory < 1 << 32
