import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganga.cli.main import BROKEN_PIPE
from ganga.cli.running import load
from ganga.cli.table import COMMANDS
from tests.cli.conftest import Ganga
from tests.users import an_ordinary_user

GANGA = (sys.executable, "-m", "ganga")


def test_help_tells_of_every_command(cli: Ganga) -> None:
    result = cli("--help")
    assert result.code == 0
    for name in COMMANDS:
        assert f"\n  {name}" in result.out


def test_without_a_command_help_is_shown_and_it_is_an_error(cli: Ganga) -> None:
    assert cli().code == 2


def test_the_version(cli: Ganga) -> None:
    assert cli("--version").out.startswith("ganga 0.")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(cli: Ganga, name: str) -> None:
    result = cli(name, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"usage: ganga {name}")
    assert COMMANDS[name][1] in result.out


def test_help_loads_nothing_that_is_slow() -> None:
    program = (
        "import sys; from ganga.cli.main import main; main(['--help'])\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "{'msgspec', 'rich', 'asyncio', 'argparse', 'dataclasses', 'sqlite3'}])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_configured_without_the_store(name: str, home: Path) -> None:
    load(name)
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lst"], "there is no command 'lst'; did you mean 'ganga list'?"),
        (["xyzzy"], "there is no command 'xyzzy'; 'ganga --help' shows all"),
        (["--home"], "there is no option '--home'; 'ganga --help' shows all"),
        (["list", "--jsn"], "there is no option '--jsn' here; did you mean --json?"),
        (["list", "extra"], "there is no argument 'extra' here"),
        (["list", "--status", "dead"], "'dead' is not a status; expected one of new, "),
        (["list", "--target", "moon"], "there is no target 'moon'; known targets: local"),
        (["list", "--parent", "7"], "no job 7"),
        (["list", "--limit", "-1"], "-1 is out of range"),
        (["show", "12"], "no job 12"),
        (["show", "012"], "'012' is not a job id; expected a number such as 12"),
        (["show", "99999999999999999999"], "is not a job id"),
        (["show", "1.99999999999999999999"], "is not a job id"),
        (["show", "x" * 10_000], "is not a job id"),
        (["show"], "the following arguments are required: ID"),
        (["logs", "3"], "no job 3"),
        (["wait", "3"], "no job 3"),
        (["wait", "3", "--timeout", "soon"], "'soon' is not a number"),
        (["wait", "3", "--timeout", "nan"], "nan is out of range"),
        (["kill", "3"], "no job 3"),
        (["kill"], "no job to kill is named"),
        (["kill", "3", "--all"], "do either"),
        (["resubmit", "3"], "no job 3"),
        (["copy", "3"], "no job 3"),
        (["remove", "3"], "no job 3"),
        (["refresh", "3"], "no job 3"),
        (["fetch", "3"], "no job 3"),
        (["events", "--after", "x"], "'x' is not a number"),
        (["events", "--job", "4"], "no job 4"),
        (["targets", "stop"], "'stop' cannot be done with a target; expected pause or resume"),
        (["targets", "pause"], "no target to pause is named"),
        (["targets", "pause", "moon"], "there is no target 'moon'"),
        (["track", "moon", "1"], "there is no target 'moon'"),
        (["completion", "cmd"], "'cmd' is not a shell"),
        (["run"], "there is no command to run"),
        (["run", "--"], "there is no command to run"),
        (["run", "--each", "a", "b"], "it stands behind --"),
        (["run", "-n", "0", "--", "true"], "0 is out of range; expected one from 1 to 1000000"),
        (["run", "-n", "-1", "--", "true"], "-1 is out of range"),
        (["run", "-n", "abc", "--", "true"], "'abc' is not a number"),
        (["run", "-n", "99999999999", "--", "true"], "99999999999 is out of range"),
        (["run", "-n", "9" * 5000, "--", "true"], "is not a number"),
        (["run", "-n"], "expected one argument"),
        (["run", "--target", "moon", "true"], "there is no target 'moon' in the settings; known targets: local"),
        (["run", "-n", "2", "--range", "0:9:3", "true"], "choose one"),
        (["run", "--range", "0:9", "true"], "expected FROM:TO:SIZE"),
        (["run", "--range", "9:0:1", "true"], "does not make 1 to 1000000 subjobs"),
        (["run", "--range", "0:9:0", "true"], "does not make 1 to 1000000 subjobs"),
        (["run", "--range", "0:999999999999:1", "true"], "does not make 1 to 1000000 subjobs"),
        (["run", "--input", "nowhere", "true"], "there is no file 'nowhere'"),
        (["run", "--in", "ganga.toml", "true"], "'ganga.toml' is not a folder"),
        (["run", "--env", "A", "true"], "expected NAME=VALUE"),
        (["run", "--check", "sunshine", "true"], "there is no checker 'sunshine'"),
        (["run", "--check", "exit:code", "true"], "expected OPTION=VALUE"),
        (["run", "--retry-on", "(", "true"], "is not a regular expression"),
        (["run", "--attempts", "0", "true"], "0 is out of range"),
        (["submit", "--each-line", "/dev/null", "true"], "has no lines"),
        (["submit", "\udcff"], "is not text in UTF-8"),
    ],
)
def test_each_mistake_is_one_sentence_and_exit_code_2(cli: Ganga, words: list[str], sentence: str) -> None:
    result = cli(*words)
    assert result.code == 2
    assert sentence in result.err
    assert result.err.startswith("ganga: ")
    assert result.err.count("\n") == 1
    assert len(result.err) < 500
    assert result.out == ""


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("[targets", "not valid TOML"),
        ("[targets.x]\nbackend = 'nowhere'", "there is no back end 'nowhere'"),
        ("colour = 'red'", "unknown setting 'colour'"),
    ],
)
def test_settings_that_cannot_be_used(cli: Ganga, tmp_path: Path, settings: str, sentence: str) -> None:
    (tmp_path / "ganga.toml").write_text(settings)
    result = cli("list")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err


def test_a_settings_file_that_is_missing(cli: Ganga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGA_CONFIG", "/nowhere/ganga.toml")
    result = cli("list")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "GANGA_CONFIG names /nowhere/ganga.toml" in result.err


def test_a_home_that_cannot_be_made(cli: Ganga, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGA_HOME", str(tmp_path / "ganga.toml" / "home"))
    result = cli("list")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "GANGA_HOME" in result.err


def test_a_home_that_is_not_writable(cli: Ganga, home: Path) -> None:
    home.mkdir(mode=0o500)
    with an_ordinary_user():
        result = cli("submit", "true")
    assert (result.code in {2, 3}, result.err.count("\n")) == (True, 1)


def test_a_damaged_store(cli: Ganga, home: Path) -> None:
    assert cli("list").code == 0
    for path in home.glob("ganga.sqlite*"):
        path.unlink()
    (home / "ganga.sqlite").write_bytes(b"this is no database" * 1000)
    result = cli("list")
    assert (result.code, result.out, result.err.count("\n")) == (3, "", 1)
    assert "ganga.sqlite" in result.err
    assert (home / "ganga.sqlite").read_bytes().startswith(b"this is no database")


def test_an_unexpected_error_is_a_sentence_and_a_log(cli: Ganga, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("ganga.cli.listing.execute", fail)
    result = cli("list")
    log = home / "logs" / "errors.log"
    assert result.code == 3
    assert f"ZeroDivisionError: a bug; its traceback is in {log}" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_error_of_the_operating_system_is_a_sentence(cli: Ganga, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise OSError(28, os.strerror(28), "/some/file")

    monkeypatch.setattr("ganga.cli.listing.execute", fail)
    result = cli("list")
    assert (result.code, result.err) == (3, "ganga: /some/file: No space left on device; mend that and try again\n")


def test_an_interrupt_is_no_traceback(cli: Ganga, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ganga.cli.listing.execute", interrupt)
    assert cli("list").code == 128 + signal.SIGINT


@pytest.mark.parametrize("words", [["--help"], ["events", "--json"]])
def test_a_reader_who_has_gone_is_no_error(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    subprocess.run([*GANGA, "copy", "1"], capture_output=True, check=False)
    subprocess.run([*GANGA, "targets", "pause", "local"], check=True)
    result = subprocess.run([*GANGA, *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (result.returncode, result.stderr) == (BROKEN_PIPE, b"")
