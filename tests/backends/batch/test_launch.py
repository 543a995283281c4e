"""The launcher and the scripts around it, run for real by the shell of this machine."""

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganga.backends.base import Submission
from ganga.backends.batch.dialect import Variables
from ganga.backends.batch.evidence import exit_of, read_status
from ganga.backends.batch.script import constant, job_script, refusal, task_script
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.observation import Observation
from tests.backends.batch.toy import submission

VARIABLES = Variables(index="${TASK:-0}", restart="${RESTART:-}", job="$JOB", prefixes=("TASK", "JOB", "RESTART"))
SCRIPTS = ("accept", "adopt", "batches", "discard", "launch", "revoke", "standing")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def lay(folder: Path, *jobs: Submission, inherited: dict[str, str] | None = None) -> Path:
    """A batch in its place."""
    folder.mkdir()
    (folder / "launch.sh").write_text(constant("launch"))
    (folder / "task.sh").write_bytes(task_script(jobs, inherited or {}, VARIABLES))
    return folder


def run(folder: Path, task: int = 0, *, restart: str = "", job: str = "77") -> subprocess.CompletedProcess[str]:
    """As the system would."""
    script = job_script(PurePosixPath(folder), VARIABLES)
    environment = {"TASK": str(task), "RESTART": restart, "JOB": job, "PATH": os.environ["PATH"]}
    return subprocess.run(
        ["/bin/sh"], input=script.decode(), text=True, env=environment, capture_output=True, timeout=60, check=False
    )


def status(folder: Path) -> Observation:
    read = read_status((folder / "status").read_text())
    assert isinstance(read, Observation)
    return read


def test_a_task_leaves_its_output_and_how_it_ended(tmp_path: Path) -> None:
    batch = lay(tmp_path / "it's a batch", submission(command=["sh", "-c", "echo out; echo err >&2; exit 3"]))
    done = run(batch)
    assert (done.returncode, done.stdout) == (3, "")
    assert (batch / "0" / "stdout").read_text() == "out\n"
    assert (batch / "0" / "stderr").read_text() == "err\n"
    assert (batch / "job").read_text() == "77\n"
    end = status(batch / "0")
    assert (end.exit_code, end.signal, end.restart) == (3, None, 0)


def test_each_task_has_its_share(tmp_path: Path) -> None:
    spec = JobSpec(command=("sh", "-c", 'echo "$0 $GANGA_JOB_ID.$GANGA_SUBJOB_INDEX $A $B $C"'), environment={"B": "b"})
    jobs = [
        Submission(job_id(5, index), Tag(f"t{index}"), spec, Share(arguments=(f"arg {index}",), environment={"A": "a"}))
        for index in (3, 4)
    ]
    batch = lay(tmp_path / "batch", *jobs, inherited={"B": "x", "C": "c"})
    for task in (0, 1):
        assert run(batch, task).returncode == 0
        assert (batch / str(task) / "stdout").read_text() == f"arg {task + 3} 5.{task + 3} a b c\n"
    assert run(batch, 2).returncode == 125


@settings(max_examples=25)
@given(words=st.lists(TEXT, max_size=4), value=TEXT)
def test_no_text_is_read_by_a_shell(tmp_path_factory: pytest.TempPathFactory, words: list[str], value: str) -> None:
    command = ["sh", "-c", 'printf "%s\\0" "$@" "$V"', "sh", *words]
    batch = lay(tmp_path_factory.mktemp("x") / "batch", submission(command=command, environment={"V": value}))
    assert run(batch).returncode == 0
    assert (batch / "0" / "stdout").read_bytes().decode().split("\0") == [*words, value, ""]


def test_a_signal_is_told_to_the_system_too(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", "kill -9 $$"]))
    assert run(batch).returncode == -9
    assert status(batch / "0").signal == 9


def test_a_polite_end_is_waited_for(tmp_path: Path) -> None:
    """The system tells the whole group; the launcher stays to tell how it ends."""
    script = "trap 'echo bye; exit 5' TERM; kill -TERM $PPID; kill -TERM $$; sleep 600"
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", script]))
    assert run(batch).returncode == 5
    assert (batch / "0" / "stdout").read_text() == "bye\n"


def test_inputs_are_copied_for_each_run_and_the_older_run_is_kept_apart(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", "cat b/c >>a; cat a"]))
    (batch / "inputs" / "b").mkdir(parents=True)
    (batch / "inputs" / "a").write_text("1")
    (batch / "inputs" / "b" / "c").write_text("2")
    for count in range(3):
        assert run(batch).returncode == 0
        assert (batch / "0" / "stdout").read_text() == "12"
        assert status(batch / "0").restart == count
    assert sorted(path.name for path in batch.glob("0*")) == ["0", "0.0", "0.1"]


def test_the_system_counts_the_runs_where_it_can(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission())
    run(batch, restart="4")
    assert status(batch / "0").restart == 4


def test_a_job_may_run_in_a_folder_of_the_user(tmp_path: Path) -> None:
    home = tmp_path / "my folder"
    home.mkdir()
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", "pwd; touch here"]))
    (batch / "folder").write_text(str(home))
    assert run(batch).returncode == 0
    assert (batch / "0" / "stdout").read_text() == f"{home.resolve()}\n"
    assert (batch / "0" / "work" / "here").exists()


def test_a_folder_that_is_not_there_fails_the_job_and_says_so(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission())
    (batch / "folder").write_text(str(tmp_path / "nowhere"))
    assert run(batch).returncode == 125
    assert "work" in (batch / "0" / "stderr").read_text()


def test_inputs_that_cannot_be_copied_fail_the_job_and_say_so(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission(command=["touch", str(tmp_path / "ran")]))
    (batch / "inputs").mkdir()
    (batch / "inputs" / "link").symlink_to("link")
    (batch / "own.0" / "link").mkdir(parents=True)
    assert run(batch).returncode == 125
    assert (batch / "0" / "stderr").read_text()
    assert not (tmp_path / "ran").exists()


def test_a_batch_that_was_called_off_does_not_run(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission(command=["touch", str(tmp_path / "ran")]))
    batch.rename(tmp_path / "gone")
    assert run(batch).returncode != 0
    assert not (tmp_path / "ran").exists()


def test_files_are_the_users_alone_and_the_job_has_the_users_own_mask(tmp_path: Path) -> None:
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", "umask; touch made"]))
    mask = os.umask(0o027)
    try:
        assert run(batch).returncode == 0
    finally:
        os.umask(mask)
    assert {path.stat().st_mode & 0o077 for path in (batch / "0").iterdir()} == {0}
    assert (batch / "0" / "stdout").read_text() == "0027\n"


@pytest.mark.parametrize("code", [0, 1, 125, 126, 127, 129, 137, 139, 143, 159, 200, 255])
def test_the_launcher_and_the_reader_agree_on_codes(tmp_path: Path, code: int) -> None:
    batch = lay(tmp_path / "batch", submission(command=["sh", "-c", f"exit {code}"]))
    exit_code, signal = exit_of(code)
    assert run(batch).returncode == (exit_code if signal is None else -signal)


def test_a_script_cannot_be_made_of_everything() -> None:
    assert refusal(submission(command=["echo", "x=y"])) is None
    for wishes in ({"command": [""]}, {"command": ["a\0"]}, {"command": ["x"], "environment": {"A=B": "c"}}):
        assert refusal(submission(**wishes)) is not None
    assert refusal(submission(command=["\ud800"])) is not None


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name: str) -> None:
    command = [str(Path(sys.executable).with_name("shellcheck")), "--shell=sh", "-"]
    done = subprocess.run(command, input=constant(name), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
