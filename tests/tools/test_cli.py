"""The command line, as a person types it: what it does, what it says, and what it ends with."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from ganga_quality import cli
from ganga_quality.cli import main
from ganga_quality.formatting import formatter
from tests.tools.history import History

CLEAN, FINDINGS, USAGE, FAILED = 0, 1, 2, 3
BAD = "import os\nx = ( 1 )\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(history: History, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in the repository; gives exit code, output and what was said beside it."""
    history.commit({"old.py": BAD})
    monkeypatch.chdir(history.root)

    def command(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        told = capfd.readouterr()
        return code, told.out, told.err

    return command


def test_nothing_was_changed(run: Run) -> None:
    assert run("check") == (CLEAN, "Clean: 0 files, uncommitted changes\n", "")
    assert run("fix") == (CLEAN, "Nothing to fix: 0 files, uncommitted changes\n", "")


def test_what_was_changed_is_told_fixed_and_clean(run: Run, history: History) -> None:
    history.write("new.py", "import sys\n\ny = ( 2 )\nprint(sys)\n")
    code, told, _ = run("check")
    assert code == FINDINGS
    assert told.startswith("new.py:3:1: format black would rewrite 1 line\n")
    assert run("fix") == (CLEAN, "fixed new.py\n1 file fixed: 1 file, uncommitted changes\n", "")
    assert (history.root / "new.py").read_text() == "import sys\n\ny = 2\nprint(sys)\n"
    assert run("check")[0] == CLEAN
    assert (history.root / "old.py").read_text() == BAD


@pytest.mark.parametrize("word", ["--check", "--diff"])
def test_what_would_be_fixed_is_only_told(run: Run, history: History, word: str) -> None:
    history.write("new.py", "y = ( 2 )\n")
    code, told, beside = run("fix", word)
    assert code == FINDINGS
    assert "would fix new.py\n1 file would be fixed" in told + beside
    assert (history.root / "new.py").read_text() == "y = ( 2 )\n"


def test_a_patch_is_all_that_the_output_holds(run: Run, history: History) -> None:
    history.write("new.py", "y = ( 2 )\n")
    patch = run("fix", "--diff")[1]
    subprocess.run(["git", "apply"], cwd=history.root, input=patch, text=True, check=True)
    assert (history.root / "new.py").read_text() == "y = 2\n"


def test_safe_fixes_only_on_request(run: Run, history: History) -> None:
    history.write("new.py", "import os\n")
    assert run("fix")[0] == CLEAN
    assert (history.root / "new.py").read_text() == "import os\n"
    assert run("fix", "--lint")[0] == CLEAN
    assert not (history.root / "new.py").read_text()


def test_everything_and_single_paths(run: Run, history: History) -> None:
    history.write("a/one.py", BAD)
    history.write("b/two.py", BAD)
    assert "a/one.py" in run("check", "a")[1]
    assert "b/two.py" not in run("check", "a")[1]
    assert "old.py" in run("check", "--all")[1]


def test_a_file_that_cannot_be_parsed_is_not_clean(run: Run, history: History) -> None:
    history.write("broken.py", "def f(:\n")
    code, told, _ = run("check")
    assert code == FAILED
    assert "broken.py:1: ruff cannot parse this file" in told
    code, _, beside = run("fix")
    assert code == FAILED
    assert "broken.py: black cannot parse this file" in beside


def test_a_tool_that_is_missing_is_not_clean(run: Run, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.write("new.py", BAD)
    monkeypatch.setattr(sys, "executable", str(history.root / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    code, told, _ = run("check", "--tools", "ruff")
    assert code == FAILED
    assert "ruff is missing" in told


def test_a_missing_black_is_not_clean(run: Run, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    history.write("new.py", BAD)
    monkeypatch.setattr("ganga_quality.formatting.style.version", missing)
    code, told, _ = run("check")
    assert code == FAILED
    assert "black is missing: black is not there" in told
    assert "new.py:1:8: F401" in told
    code, _, beside = run("fix")
    assert code == FAILED
    assert "Install it with: pip install 'ganga[quality]'" in beside
    assert (history.root / "new.py").read_text() == BAD


def test_another_black_than_ours_is_not_clean(run: Run, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.write("new.py", BAD)
    formatter._mode.cache_clear()
    monkeypatch.setitem(sys.modules, "black.mode", None)
    code, told, _ = run("check", "--tools", "black")
    assert code == FAILED
    assert "is not the version that this is made for" in told


def test_reports_to_files_and_to_the_output(run: Run, history: History, tmp_path: Path) -> None:
    history.write("new.py", BAD)
    files = {form: tmp_path / form for form in ("json", "sarif", "markdown", "text")}
    words = [word for form, file in files.items() for word in ("--report", f"{form}={file}")]
    code, told, _ = run("check", *words, "--report", "github")
    assert code == FINDINGS
    assert told.startswith("::")
    assert json.loads(files["json"].read_text())["version"] == 1
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert "F401" in files["markdown"].read_text()
    assert "\x1b" not in files["text"].read_text()


def test_the_summary_of_a_step_is_shared(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run("check", "--report", f"markdown={summary}")
    assert summary.read_text().startswith("before\n")
    assert "Clean" in summary.read_text()


def test_debt_is_taken_over_held_and_lowered(run: Run, history: History) -> None:
    code, _, beside = run("ratchet", "check")
    assert code == USAGE
    assert "ganga-quality ratchet update --accept" in beside
    code, told, _ = run("ratchet", "update", "--accept")
    assert code == CLEAN
    assert "old.py: F401: 0 allowed" in told or "old.py: F401: 0 -> 1" in told
    assert run("ratchet", "check")[0] == CLEAN
    history.write("old.py", BAD + "import re\n")
    assert run("ratchet", "check")[0] == FINDINGS
    code, _, beside = run("ratchet", "update")
    assert code == FINDINGS
    assert "old.py" in beside
    history.write("old.py", "x = 1\n")
    code, _, beside = run("ratchet", "check")
    assert code == CLEAN
    assert "Lower it with: ganga-quality ratchet update" in beside
    assert run("ratchet", "check", "--strict")[0] == FINDINGS
    assert run("ratchet", "update")[0] == CLEAN
    assert run("ratchet", "check", "--strict")[0] == CLEAN


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "COMMAND"),
        (("mend",), "check"),
        (("check", "--all", "--staged"), "not allowed with"),
        (("check", "--report", "xml"), "text, github, markdown, json, sarif"),
        (("check", "--report", "json=/nowhere/at/all"), "cannot be written"),
        (("check", "--tools", "rough"), "ruff, black, mypy"),
        (("check", "--since", "nowhere"), "fetch-depth: 0"),
        (("check", "nowhere.py"), "correct the path"),
        (("propose", "--mode", "push"), "auto"),
        (("propose",), "--pull NUMBER"),
    ],
)
def test_wrong_usage_says_what_to_try(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], hint: str
) -> None:
    for name in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    code, told, beside = run(*words)
    assert (code, told) == (USAGE, "")
    assert hint in beside
    assert "Traceback" not in beside


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["check"]) == USAGE


def test_versions_are_those_of_the_tools_beside_it(run: Run) -> None:
    told = run("--version")[1]
    assert [line.split()[0] for line in told.splitlines()] == ["ganga-quality", "ruff", "black", "mypy"]


def test_who_reads_no_further_is_no_trouble(history: History) -> None:
    history.write("new.py", BAD * 2000)
    program = [sys.executable, "-m", "ganga_quality", "check", "--tools", "ruff"]
    with subprocess.Popen(program, cwd=history.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert not process.stderr.read()
    assert process.returncode == cli.BROKEN_PIPE


def test_an_interrupted_command_says_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ganga_quality.commands.COMMANDS", {"check": interrupted})
    assert run("check") == (cli.INTERRUPTED, "", "")
