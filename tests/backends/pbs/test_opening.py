"""The whole back end over commands that stand in for those of a PBS without a history."""

import asyncio
import os
from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.pbs.opening import connect
from ganga.backends.pbs.settings import Settings
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.backends.batch.toy import submission
from tests.backends.pbs.recorded import told

#: Runs both subjobs before it answers.
_QSUB = """#!/bin/sh
cat >script
for index in 0 1; do
    PBS_JOBID="7[$index].vm" PBS_ARRAY_INDEX=$index /bin/sh script
done
echo '7[].vm'
"""
_QSTAT = """#!/bin/sh
case "$*" in
*-x*) echo 'qstat: PBS is not configured to maintain job history' >&2 ;;
*) cat "$PBS_ANSWER" ;;
esac
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the commands; returns the file with the answer of qstat."""
    folder, answer = tmp_path / "bin", tmp_path / "answer.json"
    folder.mkdir()
    for name, text in (("qsub", _QSUB), ("qstat", _QSTAT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    answer.write_text(told({}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PBS_ANSWER", str(answer))
    return answer


def answer_with(answer: Path, text: str | None) -> None:
    """None for a server that is away."""
    if text is None:
        answer.unlink()
    else:
        answer.write_text(text)


def settings(folder: Path) -> Settings:
    return Settings(work_folder=str(folder / "work"))


@pytest.mark.usefixtures("commands")
async def test_without_a_history_the_launchers_tell_the_ends(tmp_path: Path) -> None:
    async with connect(settings(tmp_path), Surroundings(TargetName("pbs"), tmp_path)) as backend:
        jobs = [submission(1, index) for index in (0, 1)]
        accepted = (await backend.submit(jobs)).accepted
        assert set(accepted.values()) == {"7[0].vm", "7[1].vm"}
        seen = (await backend.poll(list(accepted.values()))).seen
        assert {one.status for one in seen.values()} == {JobStatus.COMPLETED}
        assert set(seen) == set(accepted.values())


async def test_starts_that_came_to_nothing_are_no_runs(tmp_path: Path, commands: Path) -> None:
    """As documented: `run_count` counts them too, and begins where whoever submits wants it (`-W run_count=`). Without
    a history the launcher's word of the end, which counts runs only, would be that of an earlier run.
    """
    async with connect(settings(tmp_path), Surroundings(TargetName("pbs"), tmp_path)) as backend:
        first, _ = (await backend.submit([submission(1, index) for index in (0, 1)])).accepted.values()
        answer_with(commands, told({first: {"job_state": "R", "run_count": 4}}))
        assert (await backend.adopt([first]))[first].restart == 0
        assert (await backend.poll([first])).seen[first].restart == 0
        answer_with(commands, told({}))
        end = (await backend.poll([first])).seen[first]
        assert (end.status, end.restart) == (JobStatus.COMPLETED, 0)
        await run_again(tmp_path / "script", first)
        answer_with(commands, told({first: {"job_state": "R", "run_count": 5}}))
        assert (await backend.poll([first])).seen[first].restart == 1


async def test_of_a_job_of_somebody_else_there_is_the_servers_count_only(tmp_path: Path, commands: Path) -> None:
    other = NativeId("8.vm")
    async with connect(settings(tmp_path), Surroundings(TargetName("pbs"), tmp_path)) as backend:
        answer_with(commands, told({other: {"job_state": "R", "run_count": 2}}))
        assert (await backend.adopt([other]))[other].restart == 1
        assert (await backend.poll([other])).seen[other].restart == 1


async def run_again(script: Path, native_id: NativeId) -> None:
    environment = {**os.environ, "PBS_JOBID": native_id, "PBS_ARRAY_INDEX": "0"}
    run = await asyncio.create_subprocess_exec("/bin/sh", script, env=environment)
    assert await run.wait() == 0


async def test_absence_is_a_denial_and_no_end(tmp_path: Path, commands: Path) -> None:
    async with connect(settings(tmp_path), Surroundings(TargetName("pbs"), tmp_path)) as backend:
        answer_with(commands, told({NativeId("8.vm"): {"job_state": "R"}}))
        answer = await backend.poll([NativeId("7.vm"), NativeId("8.vm")])
        assert set(answer.seen) == {"8.vm"}
        assert answer.absent == {"7.vm"}


async def test_a_server_that_is_away_is_noticed_at_once(tmp_path: Path, commands: Path) -> None:
    answer_with(commands, None)
    with pytest.raises(BackendUnavailable, match="qstat ended with exit code 1"):
        async with connect(settings(tmp_path), Surroundings(TargetName("pbs"), tmp_path)):
            pass
