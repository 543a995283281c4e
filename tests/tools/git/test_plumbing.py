import os
from pathlib import Path

import pytest

from ganga_quality.errors import ToolError
from ganga_quality.git import plumbing
from ganga_quality.git.plumbing import ask, words


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody else's program by the name of git."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    file = tmp_path / "git"
    file.touch(0o755)
    return file


def test_environment_and_input_reach_git(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u9")
    monkeypatch.setenv("GIT_INDEX_FILE", "hook")
    program.write_text('#!/bin/sh\necho "$LC_ALL $GIT_DIFF_OPTS $GIT_INDEX_FILE $GIT_OPTIONAL_LOCKS"\ncat\n')
    assert ask(program.parent, ["status"], content=b"input").stdout == b"C  hook 0\ninput"
    environment = {"GIT_INDEX_FILE": "ours"}
    assert ask(program.parent, ["status"], environment=environment).stdout == b"C  ours 0\n"


def test_its_words_are_told_or_that_it_has_none(program: Path) -> None:
    program.write_text("#!/bin/sh\nprintf 'fatal: \\377\\n' >&2\nexit 3\n")
    assert words(ask(program.parent, ["status"])) == "fatal: \ufffd"
    program.write_text("#!/bin/sh\nexit 3\n")
    assert words(ask(program.parent, ["status"])) == "exit code 3, and no word why"


def test_a_program_that_does_not_end_is_ended(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plumbing, "_TIME_LIMIT", 0.1)
    program.write_text("#!/bin/sh\nexec sleep 100\n")
    with pytest.raises(ToolError, match=r"git status did not run: .* timed out"):
        ask(program.parent, ["status"])


def test_a_program_that_cannot_start_is_told(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    program.write_text("not a program")
    with pytest.raises(ToolError, match=r"git status did not run: .*Exec format error"):
        ask(program.parent, ["status"])
