"""A target on LSF from end to end, with commands in place of LSF's that say what is documented."""

import asyncio
import os
from pathlib import Path

import pytest

from ganga.backends import lsf
from ganga.backends.base import Surroundings
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.backends.batch.toy import submission
from tests.backends.lsf.documented import DONE, WAITING, denial, queue_text, record

#: What it says is in a file beside it.
COMMAND = '#!/bin/sh\ncat "$0.says"\nexit 255\n'
SUBMIT = '#!/bin/sh\ncat >"$0.heard"\necho "Job <12> is submitted to default queue <normal>."\n'


@pytest.fixture(name="programs")
def make_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("bjobs", COMMAND), ("bhist", COMMAND), ("bsub", SUBMIT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def surroundings(folder: Path) -> tuple[lsf.Settings, Surroundings]:
    return lsf.Settings(work_folder=str(folder / "work")), Surroundings(TargetName("lsf"), folder)


async def test_jobs_are_followed_in_the_queue_and_in_the_history(programs: Path, tmp_path: Path) -> None:
    (programs / "bjobs.says").write_text(WAITING + queue_text(record("7", "RUN", index="3"), denial("9")))
    (programs / "bhist.says").write_text(DONE)
    async with lsf.connect(*surroundings(tmp_path)) as backend:
        answer = await backend.poll([NativeId("7[3]"), NativeId("223"), NativeId("9")])
    assert {key: seen.status for key, seen in answer.seen.items()} == {
        "7[3]": JobStatus.RUNNING,
        "223": JobStatus.COMPLETED,
    }
    assert answer.absent == {"9"}


async def test_a_job_whose_machine_is_out_of_reach_stays_as_it_was(programs: Path, tmp_path: Path) -> None:
    """It may come back, so `bhist` is not asked about it, and it cannot be adopted before that."""
    (programs / "bjobs.says").write_text(queue_text(record("7", "UNKWN"), record("8", "ZOMBI"), record("9", "RUN")))
    async with lsf.connect(*surroundings(tmp_path)) as backend:
        answer = await backend.poll([NativeId("7"), NativeId("8"), NativeId("9")])
        assert (set(answer.seen), answer.absent) == ({"9"}, frozenset())
        (programs / "bhist.says").write_text("No matching job found\n")
        with pytest.raises(UsageError, match="LSF has 7, and does not say"):
            await backend.adopt(["7"])


async def test_an_lsf_that_is_away_is_an_outage_and_denies_nothing(programs: Path, tmp_path: Path) -> None:
    (programs / "bjobs.says").write_text("No job found\n")
    (programs / "bhist.says").write_text(WAITING)
    async with lsf.connect(*surroundings(tmp_path)) as backend:
        answer = await backend.poll([NativeId("7")])
        assert (answer.seen, answer.absent) == ({}, frozenset())
        (programs / "bjobs.says").write_text(WAITING)
        with pytest.raises(BackendUnavailable):
            await backend.poll([NativeId("7")])
    with pytest.raises(BackendUnavailable):
        async with lsf.connect(*surroundings(tmp_path)):
            pass


async def test_what_lsf_has_forgotten_the_job_itself_tells(programs: Path, tmp_path: Path) -> None:
    """The script runs as LSF would run it, as the second task of an array."""
    (programs / "bjobs.says").write_text("No job found\n")
    (programs / "bhist.says").write_text("No matching job found\n")
    jobs = [submission(1, index, command=["/bin/sh", "-c", "exit 3"]) for index in (0, 1)]
    async with lsf.connect(*surroundings(tmp_path)) as backend:
        receipts = await backend.submit(jobs)
        assert list(receipts.accepted.values()) == ["12[1]", "12[2]"]
        task = {**os.environ, "LSB_JOBID": "12", "LSB_JOBINDEX": "2"}
        run = await asyncio.create_subprocess_exec("/bin/sh", programs / "bsub.heard", env=task)
        assert await run.wait() == 3
        answer = await backend.poll([NativeId("12[2]")])
    ((native_id, seen),) = answer.seen.items()
    assert (native_id, seen.status, seen.exit_code) == ("12[2]", JobStatus.FAILED, 3)
