"""What people see who type `ganga run` for a job on a real batch system."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import psutil
import pytest

from tests.live.batch.system import System

GANGA = (sys.executable, "-m", "ganga")
#: Seconds for anything that is waited for.
PATIENCE = 400.0
MEBIBYTE = 1 << 20
#: Writes a line to each stream, waits until it is allowed to go on, and writes what is no text.
SCRIPT = (
    "echo first; echo trouble >&2; until test -e '{go}'; do sleep 0.1; done; printf '\\0\\377'; printf last; exit 7"
)


@pytest.fixture(autouse=True)
def home(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target ``batch`` for the command line."""
    config = tmp_path / "ganga.toml"
    config.write_text(
        'default_target = "batch"\n'
        "[targets.batch]\n"
        f'backend = "{system.backend}"\n'
        f'work_folder = "{tmp_path / "work"}"\n'
        f"{system.settings}"
        "commit_delay = 2\n"
        "[targets.batch.pace]\n"
        "fastest = 0.5\n"
        "slowest = 1\n"
    )
    monkeypatch.setenv("GANGA_CONFIG", str(config))
    monkeypatch.setenv("GANGA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GANGA_TARGET", raising=False)


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The file for which the job waits."""
    return tmp_path / "go"


@pytest.fixture
def running(go: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that follows such a job, which has written its first lines, and shown them; and has not ended."""
    words = [*GANGA, "run", "--", "sh", "-c", SCRIPT.format(go=go)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as command:
        # Whatever happens, nobody waits for ever.
        limit = Timer(PATIENCE, command.kill)
        limit.start()
        try:
            assert command.stdout is not None
            assert command.stderr is not None
            assert command.stdout.readline() == b"first\n"
            assert command.stderr.readline() == b"trouble\n"
            assert not go.exists()
            yield command
        finally:
            limit.cancel()
            go.touch()
            command.kill()


def ganga(*words: str) -> str:
    """What a command prints that does what it is asked."""
    return subprocess.run([*GANGA, *words], check=True, capture_output=True, text=True, timeout=PATIENCE).stdout


def test_a_line_is_seen_while_the_job_runs_and_its_exit_code_is_the_commands(
    running: subprocess.Popen[bytes], go: Path
) -> None:
    go.touch()
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, out) == (7, b"\0\377last")
    assert err.decode() == "ganga: job 1 failed: exit code 7\n"


def test_who_goes_away_leaves_the_job_running_and_can_come_back(running: subprocess.Popen[bytes], go: Path) -> None:
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "interrupted; job 1 goes on: 'ganga wait 1' comes back to it" in err.decode()
    # What it has written is read sooner than its status.
    assert json.loads(ganga("show", "1", "--json"))["status"] in {"submitted", "running"}
    go.touch()
    back = subprocess.run([*GANGA, "wait", "1"], check=False, timeout=PATIENCE)
    assert back.returncode == 1
    assert ganga("logs", "1", "--stderr") == "trouble\n"


def test_a_signal_is_told_as_shells_do() -> None:
    done = subprocess.run([*GANGA, "run", "sh", "-c", "kill -TERM $$"], check=False, timeout=PATIENCE)
    assert done.returncode == 128 + signal.SIGTERM


def test_large_output_comes_whole_and_is_never_held_as_a_whole(tmp_path: Path) -> None:
    """The command's own memory stays far below what goes through it."""
    size, peak = 200 * MEBIBYTE, 0
    words = [*GANGA, "run", "sh", "-c", f"head -c {size} /dev/zero; printf end"]
    with (tmp_path / "out").open("w+b") as out, subprocess.Popen(words, stdout=out) as command:
        deadline = time.monotonic() + PATIENCE
        while command.poll() is None:
            peak = max(peak, psutil.Process(command.pid).memory_info().rss)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert command.returncode == 0
        assert out.seek(-4, os.SEEK_END) == size - 1
        assert out.read() == b"\0end"
    assert 0 < peak < size


def test_a_target_on_it_is_found_well(system: System) -> None:
    done = subprocess.run(
        [*GANGA, "targets", "--check", "--json", "--target", "batch"],
        check=False,
        capture_output=True,
        timeout=PATIENCE,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["problem"]) == (0, "")
    assert told["answered_in"] > 0
    found = {one["backend"]: one for one in map(json.loads, ganga("targets", "--find", "--json").splitlines())}
    assert (found[system.backend]["targets"], found[system.backend]["found"] is not None) == (["batch"], True)
