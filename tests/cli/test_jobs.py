"""Real jobs on this machine."""

import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Ganga

GANGA = (sys.executable, "-m", "ganga")


@pytest.fixture
def monitor() -> Iterator[subprocess.Popen[str]]:
    """``ganga monitor`` in a process of its own, after it has taken over the target."""
    process = subprocess.Popen([*GANGA, "monitor"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    assert " monitor started: " in process.stdout.readline()
    assert process.stdout.readline().endswith(" took over: local\n")
    yield process
    process.terminate()
    process.communicate(timeout=100)


def test_run_is_what_a_shell_would_do(cli: Ganga) -> None:
    result = cli("run", "--name", "x", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (result.code, result.out) == (7, "out\n")
    assert result.err == "err\nganga: job 1 failed: exit code 7\n"
    assert cli("run", "true").code == 0
    assert cli("run", "sh", "-c", "kill -9 $$").code == 128 + 9
    assert cli("run", "/nowhere/program").code != 0


def test_everything_behind_the_first_word_is_the_command(cli: Ganga) -> None:
    assert cli("run", "echo", "-n", "5", "--json", "--", "x").out == "5 --json -- x"


def test_a_job_is_told_who_it_is(cli: Ganga) -> None:
    assert cli("run", "--env", "A=1", "--", "sh", "-c", "echo $GANGA_JOB_ID-$GANGA_SUBJOB_INDEX-$A").out == "1--1\n"


def test_run_follows_subjobs_and_gathers(cli: Ganga) -> None:
    result = cli("run", "-n", "3", "--merge", "text", "--", "sh", "-c", "echo $GANGA_JOB_ID:$GANGA_SUBJOB_INDEX")
    assert result.code == 0
    assert "3 of 3 ended" in result.err
    assert "job 1 with 3 subjobs completed" in result.err
    assert cli("logs", "1.2").out.strip().endswith(":2")
    assert "job 1 with 2 subjobs" in cli("wait", "1").out or cli("wait", "1").code == 0


def test_one_subjob_that_fails_makes_it_1(cli: Ganga) -> None:
    assert cli("run", "-n", "2", "--", "sh", "-c", "exit $((GANGA_SUBJOB_INDEX * 9))").code == 1


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (["--each", "a", "b c"], ["<a>", "<b c>"]),
        (["--range", "0:5:2"], ["<0 2>", "<2 4>", "<4 5>"]),
        (["--each-line", "lines"], ["<one two>", "<three>"]),
        (["--each-file", "lines", "other"], ["<lines>", "<other>"]),
        (["--each-file", "lines", "other", "--per-subjob", "2"], ["<lines other>"]),
    ],
)
def test_the_ways_to_split(cli: Ganga, tmp_path: Path, split: list[str], expected: list[str]) -> None:
    (tmp_path / "lines").write_text("one two\n\n'three'\n")
    (tmp_path / "other").touch()
    assert cli("run", *split, "--", "sh", "-c", 'echo "<$*>"', "sh").code == 0
    assert [cli("logs", f"1.{index}").out.strip() for index in range(len(expected))] == expected


def test_files_go_in_and_come_home(cli: Ganga, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("content")
    result = cli("run", "--input", "in.txt", "--output", "*.out", "--", "sh", "-c", "cp in.txt my.out")
    assert result.code == 0
    folder = Path(cli("fetch", "1").out.strip())
    assert (folder / "my.out").read_text() == "content"
    assert cli("fetch", "1", "--to", "copied").out == "copied\n"
    assert (tmp_path / "copied" / "my.out").read_text() == "content"
    assert cli("fetch", "1", "--to", "copied").code == 2


def test_a_file_that_the_job_will_not_find_is_hinted_at(cli: Ganga, tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text("exit 0")
    result = cli("run", "--output", "*.out", "--", "sh", "script.sh")
    assert "hint: 'script.sh' is a file here" in result.err
    assert "--input script.sh" in result.err
    assert "hint" not in cli("run", "--", "sh", "script.sh").err


def test_submit_hands_the_job_over_and_wait_takes_it_up(cli: Ganga) -> None:
    result = cli("submit", "--", "sleep", "0.2")
    assert result.out == "1\n"
    assert cli("list", "--json").objects[0]["status"] not in {"new", "submitting"}
    waited = cli("wait", "1")
    assert (waited.code, waited.out) == (0, "job 1 completed\n")
    assert cli("wait", "1", "--json").objects[0]["status"] == "completed"


def test_wait_says_when_not_all_completed(cli: Ganga) -> None:
    cli("submit", "false")
    cli("submit", "sleep", "60")
    assert cli("wait", "1").code == 1
    late = cli("wait", "2", "--timeout", "0.1")
    assert (late.code, "not all ended within 0.1 seconds" in late.err) == (1, True)
    assert cli("wait", "1", "2", "--any").code == 1
    assert cli("kill", "2").code == 0
    [job] = cli("list", "--status", "killed", "--json").objects
    assert job["id"] == "2"
    assert "has ended already" in cli("kill", "2").err


def test_jobs_are_chosen_by_conditions_after_a_question(cli: Ganga) -> None:
    cli("submit", "--name", "fit", "sleep", "60")
    refused = cli("kill", "--name", "fit")
    assert (refused.code, "there is no terminal to ask; add --yes" in refused.err) == (2, True)
    assert cli("kill", "--name", "plot", "--yes").code == 0
    assert cli("kill", "--all", "--yes").code == 0
    assert cli("list", "--json").objects[0]["status"] == "killed"
    assert cli("resubmit", "--status", "killed", "--yes").code == 0
    assert cli("kill", "1").code == 0
    assert cli("remove", "--all", "--yes").code == 0
    assert cli("list").out == ""


def test_resubmit_begins_another_attempt(cli: Ganga) -> None:
    cli("run", "false")
    assert cli("resubmit", "1").code == 0
    cli("wait", "1")
    [sheet] = cli("show", "1", "--json").objects
    assert sheet["attempt"] == 2
    assert len(sheet["attempts"]) == 1  # type: ignore[arg-type] # - it is a list
    assert "attempt 1  failed" in cli("show", "1").out


def test_a_copy_can_be_submitted_at_once(cli: Ganga) -> None:
    cli("run", "true")
    assert cli("copy", "1", "--submit").out == "2\n"
    assert cli("wait", "2").code == 0


@pytest.mark.usefixtures("monitor")
def test_a_process_is_tracked_by_its_pid(cli: Ganga) -> None:
    process = subprocess.Popen(["sleep", "60"])
    assert cli("track", "local", str(process.pid)).out == "1\n"
    assert cli("track", "local", "no-pid").code == 2
    assert cli("list", "--json").objects[0]["status"] == "running"
    with subprocess.Popen(
        [*GANGA, "events", "--after", "0", "--follow"], stdout=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout is not None
        assert any("created" in line for line in follower.stdout)
        process.kill()
        process.wait()
        assert any("running -> " in line for line in follower.stdout)
        follower.terminate()
    assert cli("wait", "1").out.startswith("job 1 ")


def test_refresh_shows_what_is_known(cli: Ganga) -> None:
    cli("run", "true")
    assert cli("refresh", "1").out == "1: completed\n"
    assert cli("refresh", "1", "--json").objects[0]["id"] == "1"


def test_output_is_followed_while_the_job_runs(cli: Ganga) -> None:
    cli("submit", "--", "sh", "-c", "echo begin; sleep 0.3; echo end; echo err >&2")
    assert cli("logs", "1", "--follow").out == "begin\nend\n"
    assert cli("logs", "1", "--stderr").out == "err\n"


def test_a_monitor_says_what_it_takes_over_and_stops_cleanly(cli: Ganga, monitor: subprocess.Popen[str]) -> None:
    [line] = cli("monitor", "--status", "--json").objects
    assert (line["pid"], line["alive"]) == (monitor.pid, True)
    assert f"process {monitor.pid} on" in cli("targets").out
    assert cli("run", "true").code == 0
    monitor.send_signal(signal.SIGTERM)
    out, _ = monitor.communicate(timeout=100)
    assert monitor.returncode == 0
    assert out.endswith(" monitor stopped: local\n")
    assert "nobody" in cli("monitor", "--status").out


def test_ctrl_c_never_kills_jobs_and_says_how_to_come_back(cli: Ganga) -> None:
    run = subprocess.Popen(
        [*GANGA, "run", "--", "sh", "-c", "echo begun; sleep 60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=100)
    assert run.returncode == 130
    assert err.endswith("ganga: interrupted; job 1 goes on: 'ganga wait 1' comes back to it\n"), err
    assert cli("list", "--json").objects[0]["status"] in {"submitted", "running"}
    cli("kill", "1")


def shown_on(terminal: int) -> str:
    """All that is shown there until its last program ends. Who does not read makes the programs wait at some point."""
    shown = b""
    with suppress(OSError):  # That is how a terminal without programs ends.
        while part := os.read(terminal, 4096):
            shown += part
    return shown.decode()


def test_on_a_terminal_there_is_a_bar() -> None:
    parent, child = pty.openpty()
    command = [*GANGA, "run", "-n", "2", "--", "true"]
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        shown = shown_on(parent)
    os.close(parent)
    assert process.returncode == 0
    assert "2 of 2 ended" in shown


def test_the_events_of_a_job_are_followed_as_they_happen(cli: Ganga) -> None:
    follower = subprocess.Popen(
        [*GANGA, "events", "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    cli("run", "true")
    assert follower.stdout is not None
    assert any("completed" in line for line in follower.stdout)
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=100)
    assert (follower.returncode, "goes on from here" in err) == (130, True)


def test_a_second_monitor_is_in_reserve(monitor: subprocess.Popen[str]) -> None:
    second = subprocess.Popen([*GANGA, "monitor", "--json"], stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    assert json.loads(second.stdout.readline())["what"] == "monitor started"
    reserve = json.loads(second.stdout.readline())
    assert reserve["what"] == "in reserve"
    assert f"process {monitor.pid} on" in reserve["behind"]
    monitor.kill()
    assert json.loads(second.stdout.readline()) == {"what": "took over", "target": "local"}
    second.terminate()
    second.communicate(timeout=100)


def test_a_target_that_is_away_is_told_and_not_waited_for(cli: Ganga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganga.cli.handover.HOPE", 0.0)
    monkeypatch.setattr("ganga.cli.handover.HEALTH_EVERY", 0.05)
    cli("targets", "pause", "local")
    submitted = cli("submit", "true")
    assert (submitted.code, submitted.out) == (0, "1\n")
    assert "target local is paused until 'ganga targets resume local'; the request is stored" in submitted.err
    waited = cli("wait", "1", "--timeout", "0.1")
    assert (waited.code, "target local is paused" in waited.err) == (1, True)
    assert cli("kill", "1").code == 0
    cli("targets", "resume", "local")
    assert cli("wait", "1").code == 1


def test_run_as_json_prints_the_end_and_nothing_else(cli: Ganga) -> None:
    result = cli("run", "--json", "--", "sh", "-c", "echo out; exit 4")
    [job] = result.objects
    assert (result.code, job["status"], job["exit_code"]) == (4, "failed", 4)
    assert cli("submit", "--json", "true").objects[0]["id"] == "2"


@pytest.mark.parametrize(("answer", "left"), [("y\n", []), ("n\n", ["1"]), ("", ["1"])])
def test_a_person_is_asked(cli: Ganga, monkeypatch: pytest.MonkeyPatch, answer: str, left: list[str]) -> None:
    cli("run", "true")
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert "remove 1 job (1 to 1)? [y/N]" in cli("remove", "--all").err
    assert [line["id"] for line in cli("list", "--json").objects] == left


def test_output_that_is_not_here_is_said_to_be_missing(cli: Ganga, home: Path) -> None:
    cli("run", "--", "echo", "gone")
    shutil.rmtree(home / "jobs" / "1")
    result = cli("logs", "1")
    assert (result.code, result.out) == (2, "")
    assert "the output of job 1 is not here; 'ganga fetch 1' tries" in result.err
