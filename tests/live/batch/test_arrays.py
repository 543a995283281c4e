"""Subjobs are the tasks of an array."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from ganga.backends.base import Submission
from ganga.backends.batch.backend import BatchBackend
from ganga.model.ids import NativeId, Tag, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.system import System


def array(trial: Trial, size: int, script: str, resources: Resources | None = None) -> list[Submission]:
    spec = JobSpec(command=("sh", "-c", script, "sh"), resources=resources or Resources(), outputs=("result",))
    return [
        Submission(job_id(1, index), Tag(f"{trial.prefix}-1.{index}-1"), spec, Share(arguments=(str(index),)))
        for index in range(size)
    ]


async def ends(
    backend: BatchBackend, ids: list[NativeId], within: float = PATIENCE
) -> dict[NativeId, tuple[str, int | None]]:
    found: dict[NativeId, tuple[str, int | None]] = {}
    deadline = time.monotonic() + within
    while left := [native_id for native_id in ids if native_id not in found]:
        assert time.monotonic() < deadline, f"{len(left)} of {len(ids)} have not ended, such as {left[0]}"
        seen = (await backend.poll(left)).seen
        found |= {key: (said.status, said.exit_code) for key, said in seen.items() if said.status.final}
        await asyncio.sleep(0.5)
    return found


async def until_made(backend: BatchBackend, system: System, ids: list[NativeId]) -> None:
    """Until the tasks of an array are there, on a system that makes them once it has taken the array."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if not system.makes_arrays_later or len((await backend.poll(ids)).seen) == len(ids):
                return
            await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_a_thousand_tasks_end_each_in_its_own_way(backend: BatchBackend, trial: Trial) -> None:
    """The system forgets the first of them long before the last has begun."""
    jobs = array(trial, 1000, 'echo "$1" >result; exit $(($1 % 3))')
    receipts = await backend.submit(jobs)
    ids = [receipts.accepted[job.tag] for job in jobs]
    assert len(set(ids)) == 1000
    found = await ends(backend, ids, 800.0)
    wrong = {
        native_id: found[native_id]
        for index, native_id in enumerate(ids)
        if found[native_id] != (JobStatus.FAILED if index % 3 else JobStatus.COMPLETED, index % 3)
    }
    assert wrong == {}
    for index in (0, 500, 999):
        retrieved, into = await trial.fetch(ids[index], ("result",), "home")
        assert (retrieved.error, retrieved.missing) == (None, ())
        assert (into / "result").read_text() == f"{index}\n"
    await backend.discard(ids)


async def test_each_of_a_thousand_tasks_that_wait_is_known(backend: BatchBackend, trial: Trial, system: System) -> None:
    """By one answer, and by its own id, also behind SSH."""
    jobs = array(trial, 1000, "sleep 3600", system.waiting)
    accepted = (await backend.submit(jobs)).accepted
    ids = [accepted[job.tag] for job in jobs]
    await until_made(backend, system, ids)
    answer = await backend.poll(ids)
    assert Counter(seen.status for seen in answer.seen.values()) == {JobStatus.HELD: 1000}
    assert set(answer.seen) == set(ids)
    await backend.kill(ids)
    assert {status for status, _ in (await ends(backend, ids)).values()} == {JobStatus.KILLED}
    await backend.discard(ids)


async def test_tasks_that_are_killed_in_the_queue_are_killed(
    backend: BatchBackend, trial: Trial, system: System
) -> None:
    """By us or by somebody else: the system forgets these at once."""
    jobs = array(trial, 6, "sleep 3600", system.waiting)
    ids = list((await backend.submit(jobs)).accepted.values())
    await until_made(backend, system, ids)
    await backend.kill(ids[1:3])
    system.cancel_as_somebody(ids[4])
    gone = [ids[1], ids[2], ids[4]]
    assert Counter((await ends(backend, gone)).values()) == {(JobStatus.KILLED, None): 3}
    answer = await backend.poll(ids)
    assert {answer.seen[native_id].status for native_id in set(ids) - set(gone)} == {JobStatus.HELD}
    await backend.kill(ids)
    assert {status for status, _ in (await ends(backend, ids)).values()} == {JobStatus.KILLED}


async def test_an_interrupted_submission_of_an_array_is_found_task_by_task(
    backend: BatchBackend, trial: Trial, system: System, work: Path
) -> None:
    """None of them begins, since whoever begins notes which job its batch is."""
    jobs = array(trial, 5, "true", system.waiting)
    accepted = (await backend.submit(jobs)).accepted
    await until_made(backend, system, list(accepted.values()))
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    found = await backend.find([job.tag for job in jobs[1:]])
    assert found.present == {job.tag: accepted[job.tag] for job in jobs[1:]}
    ids = list(accepted.values())
    await backend.kill(ids)
    assert {status for status, _ in (await ends(backend, ids)).values()} == {JobStatus.KILLED}
