"""The README is part of the product: what it shows runs, and nothing that there is goes without a word in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^```sh\n(.*?)\n```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_each_program_runs(program: str, tmp_path: Path, ganga_home: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(program)
    run = subprocess.run([sys.executable, "-W", "error", path], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stderr
    assert ganga_home.is_dir()


def test_each_program_has_right_types(tmp_path: Path) -> None:
    paths: list[str] = []
    for number, program in enumerate(PROGRAMS):
        path = tmp_path / f"program_{number}.py"
        path.write_text(program)
        paths.append(str(path))
    command = [sys.executable, "-m", "mypy", "--strict", *paths]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout


def test_the_first_two_commands_set_up_run_and_test() -> None:
    assert "pip install" in COMMANDS[0]
    assert "ganga.examples.campaign" in COMMANDS[0]
    assert "[dev]" in COMMANDS[1]
    assert "pytest" in COMMANDS[1]


def test_the_check_of_a_clean_checkout_calls_the_second_command() -> None:
    assert COMMANDS[1] in (ROOT / ".ci" / "run").read_text()
