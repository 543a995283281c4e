"""The whole back end over commands that stand in for those of Torque and for Slurm's wrappers."""

from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.torque.opening import connect
from ganga.backends.torque.settings import Settings
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.backends.batch.toy import submission
from tests.backends.torque.documented import told

#: Runs both subjobs before it answers.
_QSUB = """#!/bin/sh
cat >script
for index in 0 1; do
    PBS_JOBID="7[$index].vm" PBS_ARRAYID=$index /bin/sh script
done
echo '7[].vm'
"""
#: Runs the job, of which it knows nothing then but that it has ended.
_WRAPPER = """#!/bin/sh
for last do :; done
SLURM_JOB_ID=$$ /bin/sh "$last"
printf 'Job Id:\\t%s\\n    job_state = C\\n\\n' $$ >>"$ANSWER"
echo $$
"""
#: Asked for the server, it is there.
_QSTAT = """#!/bin/sh
if [ "$1" = -B ]; then printf 'Server: vm\\n    server_state = Active\\n'; else cat "$ANSWER"; fi
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the commands; returns the file with the answer of qstat."""
    folder, answer = tmp_path / "bin", tmp_path / "answer"
    folder.mkdir()
    for name, text in (("qsub", _QSUB), ("qstat", _QSTAT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    answer.write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("ANSWER", str(answer))
    return answer


def answer_with(answer: Path, text: str | None) -> None:
    """None for a server that is away."""
    if text is None:
        answer.unlink()
    else:
        answer.write_text(text)


def settings(folder: Path) -> Settings:
    return Settings(work_folder=str(folder / "work"))


async def test_what_torque_has_forgotten_the_launchers_tell(tmp_path: Path, commands: Path) -> None:
    async with connect(settings(tmp_path), Surroundings(TargetName("torque"), tmp_path)) as backend:
        accepted = (await backend.submit([submission(1, index) for index in (0, 1)])).accepted
        assert set(accepted.values()) == {"7[0].vm", "7[1].vm"}
        answer_with(commands, told({"7[1].vm": {"job_state": "C", "exit_status": "271"}}))
        seen = (await backend.poll(list(accepted.values()))).seen
        assert {key: one.status for key, one in seen.items()} == {
            "7[0].vm": JobStatus.COMPLETED,
            "7[1].vm": JobStatus.KILLED,
        }


async def test_of_jobs_by_the_wrappers_the_launchers_tell_all_ends(tmp_path: Path, commands: Path) -> None:
    answer_with(tmp_path / "bin" / "qsub", _WRAPPER)
    answer_with(commands, told({"99": {"job_state": "R"}}))
    over_slurm = Settings(work_folder=str(tmp_path / "work"), commands="slurm")
    async with connect(over_slurm, Surroundings(TargetName("torque"), tmp_path)) as backend:
        accepted = (await backend.submit([submission(1, index) for index in (0, 1)])).accepted
        seen = (await backend.poll(list(accepted.values()))).seen
        assert len(set(accepted.values())) == 2
        assert {key: one.status for key, one in seen.items()} == dict.fromkeys(accepted.values(), JobStatus.COMPLETED)


async def test_the_wrong_kind_of_commands_is_noticed_at_once(tmp_path: Path, commands: Path) -> None:
    answer_with(commands, told({"99": {"job_state": "R"}}))
    with pytest.raises(BackendProtocolError, match="ids"):
        async with connect(settings(tmp_path), Surroundings(TargetName("torque"), tmp_path)):
            pass


async def test_absence_is_a_denial_and_no_end(tmp_path: Path, commands: Path) -> None:
    async with connect(settings(tmp_path), Surroundings(TargetName("torque"), tmp_path)) as backend:
        answer_with(commands, told({"8.vm": {"job_state": "R"}}))
        answer = await backend.poll([NativeId("7.vm"), NativeId("8.vm")])
        assert set(answer.seen) == {"8.vm"}
        assert answer.absent == {"7.vm"}


async def test_a_server_that_is_away_is_noticed_at_once(tmp_path: Path, commands: Path) -> None:
    answer_with(commands, None)
    with pytest.raises(BackendUnavailable, match="qstat ended with exit code 1"):
        async with connect(settings(tmp_path), Surroundings(TargetName("torque"), tmp_path)):
            pass
