"""Not one violation: every tracked Python file is formatted, linted and typed, by the tools and settings of
pyproject.toml.

Files are found by git, so that none is left out, and judged by ruff, black and mypy, and by pycodestyle as an
independent judge.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Where black has its own reading of PEP 8: blanks around slices, short bodies beside their header, operators at line
#: starts.
BLACK_DECIDES = "E203,E701,E704,W503"
PYCODESTYLE = ("pycodestyle", f"--ignore={BLACK_DECIDES}", "--max-line-length=120")

#: What mypy is told to judge, in pyproject.toml, and where that is.
TYPED = {"ganga", "tools/ganga_quality", "tests"}


def tracked() -> list[str]:
    """Every Python file that git knows, and that is still there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py", "*.pyi"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [path for path in os.fsdecode(listed).split("\0") if path and (ROOT / path).exists()]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", *command]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)


def test_git_knows_the_files() -> None:
    assert len(tracked()) > 300


@pytest.mark.timeout(300)
def test_black_would_change_nothing() -> None:
    result = run("black", "--check", "--quiet", "--diff", *tracked())
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    result = run("ruff", "check", "--no-cache", "--output-format", "concise", *tracked())
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(300)
def test_pycodestyle_finds_nothing_that_is_not_for_black_to_decide() -> None:
    result = run(*PYCODESTYLE, *tracked())
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(300)
def test_mypy_finds_nothing() -> None:
    result = run("mypy")
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_is_told_of_every_file() -> None:
    for path in tracked():
        assert any(path.startswith(f"{folder}/") for folder in TYPED), path


def test_our_own_command_agrees() -> None:
    """Ruff and black once more, by the program that users run. Mypy has spoken above, over the same files."""
    result = run("ganga_quality", "check", "--all", "--tools", "ruff,black")
    assert result.returncode == 0, result.stdout + result.stderr


def test_there_is_no_more_debt_than_is_written_down() -> None:
    result = run("ganga_quality", "ratchet", "check", "--strict", "--tools", "ruff,black")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("tool", "violation"),
    [
        (("black", "--check", "--quiet"), "x = ( 1 )\n"),
        (("ruff", "check", "--no-cache", "--quiet", "--select", "F"), "import os\n"),
        (PYCODESTYLE, "x = ( 1 )\n"),
        (("mypy", "--strict"), 'x: int = "one"\n'),
    ],
    ids=["black", "ruff", "pycodestyle", "mypy"],
)
def test_a_planted_violation_is_found(tool: tuple[str, ...], violation: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(violation)
    assert run(*tool, str(path)).returncode == 1
    path.write_text("X = 1\n")
    assert run(*tool, str(path)).returncode == 0
