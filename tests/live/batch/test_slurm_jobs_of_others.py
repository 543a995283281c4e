"""Jobs of the same user that Ganga would never submit are in Slurm's answers too, and spoil none of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.slurm import SlurmSystem

pytestmark = pytest.mark.parametrize("running_system", ["slurm", "slurm-23", "slurm-24", "slurm-25"], indirect=True)

FAILING = JobSpec(command=("sh", "-c", "exit 3"))
#: With a list of them that is too long for one line of the history.
TASKS = tuple(number * number for number in range(40))


@contextmanager
def held(system: SlurmSystem, *words: str) -> Iterator[NativeId]:
    """A job that waits for as long as it is of use."""
    job = system.cluster.run("sbatch", "--parsable", "--hold", "--output=/dev/null", *words)
    try:
        yield NativeId(job)
    finally:
        system.cluster.run("scancel", job)


async def test_a_job_of_several_parts_is_followed_by_its_first(
    system: SlurmSystem, backend: BatchBackend, trial: Trial
) -> None:
    script = system.cluster.folder / "script"
    script.write_text("#!/bin/sh\n")
    with held(system, ":", str(script)) as several:
        assert (await trial.end_of(await trial.submit(FAILING))).exit_code == 3
        assert (await backend.poll([several])).seen[several].status is JobStatus.HELD


async def test_a_list_of_tasks_that_would_be_cut_is_told_whole(
    system: SlurmSystem, backend: BatchBackend, trial: Trial
) -> None:
    with held(system, f"--array={','.join(map(str, TASKS))}", "--wrap=true") as array:
        ended = await trial.submit(FAILING)
        assert (await trial.end_of(ended)).exit_code == 3
        await trial.until(ended, lambda _: system.has_forgotten(ended), "been forgotten")
        tasks = [NativeId(f"{array}_{task}") for task in TASKS]
        answer = await backend.poll([ended, *tasks])
        assert answer.seen[ended].exit_code == 3
        assert {answer.seen[task].status for task in tasks} == {JobStatus.HELD}
        assert not answer.absent
        histories = await backend.history([ended, NativeId(f"{array}_{TASKS[-1]}")])
        assert histories[ended]
