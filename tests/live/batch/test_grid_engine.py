"""What only Grid Engine does."""

from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.grid_engine.opening import connect
from ganga.backends.grid_engine.settings import Settings
from ganga.model.ids import NativeId, TargetName
from ganga.model.job import JobSpec
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.grid_engine import GridEngineSystem
from tests.live.grid_engine_server.configuration import PARALLEL_ENVIRONMENT

pytestmark = pytest.mark.parametrize("running_system", ["grid-engine"], indirect=True)


async def test_a_job_in_an_error_state_is_held_with_the_reason_until_somebody_clears_it(
    trial: Trial, system: GridEngineSystem, tmp_path: Path
) -> None:
    """Grid Engine writes down that the run failed, and that is no end."""
    mark = tmp_path / "mark"
    script = f"test -e '{mark}' && exit 7; touch '{mark}'; exit 100"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.HELD, "been held")
    seen = (await trial.backend.poll([native_id])).seen[native_id]
    assert seen.native_status == "Eqw"
    assert "exit_status of job start = 100" in (seen.reason or "")
    assert f"qmod -cj {native_id}" in (seen.reason or "")
    # It ends with the exit code 1 when it has done that.
    system.cluster.run("qmod", "-cj", native_id, check=False)
    end = await trial.end_of(native_id)
    assert (end.status, end.exit_code, end.restart) == (JobStatus.FAILED, 7, 1)


async def test_the_exit_code_99_is_another_run_and_no_end(trial: Trial, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"test -e '{mark}' && exit 5; touch '{mark}'; exit 99"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    end = await trial.end_of(native_id)
    assert (end.status, end.exit_code, end.restart) == (JobStatus.FAILED, 5, 1)


async def test_some_tasks_of_an_array_are_adopted(backend: BatchBackend, system: GridEngineSystem) -> None:
    words = ("qsub", "-terse", "-h", "-t", "3-9:2", "-N", f"name-{token_hex(4)}")
    job = system.cluster.run(*words, stdin="true").partition(".")[0]
    assert set(await backend.adopt([job])) == {f"{job}.{task}" for task in (3, 5, 7, 9)}
    adopted = await backend.adopt([f"{job}.3-5"])
    assert {native_id: seen.status for native_id, seen in adopted.items()} == {
        f"{job}.3": JobStatus.HELD,
        f"{job}.5": JobStatus.HELD,
    }
    await backend.kill([NativeId(job)])


async def test_processors_and_memory_are_those_of_the_parallel_environment(
    system: GridEngineSystem, work: Path, tmp_path: Path
) -> None:
    settings = Settings(work_folder=str(work), parallel_environment=PARALLEL_ENVIRONMENT)
    wish = Resources(processors=3, memory=3 << 30, time=600)
    async with connect(settings, Surroundings(TargetName("sge"), work)) as backend:
        trial = Trial(backend, tmp_path, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")
        native_id = await trial.submit(JobSpec(command=("sh", "-c", 'exit "$NSLOTS"'), resources=wish))
        assert (await trial.end_of(native_id)).exit_code == 3
        assert "-l h_rt=600,h_vmem=1048576K -pe smp 3" in system.cluster.run("qacct", "-j", native_id)
