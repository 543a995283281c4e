"""Not one violation: every tracked Python file is formatted, linted and typed, by the tools and settings of pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", *command]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)


def test_black_would_change_nothing() -> None:
    result = run("black", "--check", "--quiet", "--diff", "ganga", "tests")
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    result = run("ruff", "check", "--no-cache", "--output-format", "concise", "ganga", "tests")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(300)
def test_mypy_finds_nothing() -> None:
    result = run("mypy")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("tool", "violation"),
    [
        (("black", "--check", "--quiet"), "x = ( 1 )\n"),
        (("ruff", "check", "--no-cache", "--quiet", "--select", "F"), "import os\n"),
        (("mypy", "--strict"), 'x: int = "one"\n'),
    ],
    ids=["black", "ruff", "mypy"],
)
def test_a_planted_violation_is_found(tool: tuple[str, ...], violation: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(violation)
    assert run(*tool, str(path)).returncode == 1
    path.write_text("X = 1\n")
    assert run(*tool, str(path)).returncode == 0
