import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from ganga.cli.completion import full_parser
from ganga.cli.table import COMMANDS
from ganga.model.job import JobRecord

PROGRAM = "import sys; from ganga.cli.main import main; main(sys.argv[1:])"


def completions(line: str, **asked: str) -> list[str]:
    """What a shell is told that asks about this line."""
    read, write = os.pipe()
    environment = {
        **os.environ,
        **asked,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": f"/dev/fd/{write}",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, pass_fds=[write], check=True, timeout=100)
    os.close(write)
    with os.fdopen(read) as answer:
        return [word.strip() for word in answer.read().split("\n") if word]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ganga resub", ["resubmit"]),
        ("ganga list --js", ["--json"]),
        ("ganga list --status comple", ["completing", "completed"]),
        ("ganga run --target ", ["local"]),
        ("ganga show ", ["2", "1"]),
        ("ganga targets pause l", ["local"]),
        ("ganga completion z", ["zsh"]),
    ],
)
def test_a_shell_is_told_what_fits(jobs: Callable[..., list[JobRecord]], line: str, words: list[str]) -> None:
    jobs("a", "b")
    found = completions(line)
    assert set(words) <= set(found)
    assert len(found) <= len(words) + 2


def test_a_shell_that_shows_descriptions_is_told_the_targets_too() -> None:
    found = completions("ganga run --target ", _ARGCOMPLETE_DFS="\t", _ARGCOMPLETE_SHELL="fish")
    assert "local" in [word.partition("\t")[0] for word in found]


def test_a_shell_that_asks_where_nothing_is_gets_no_traceback() -> None:
    assert [word for word in completions("ganga show ") if not word.startswith("-")] == []


def test_all_commands_are_known_to_it() -> None:
    text = full_parser().format_help()
    for name in COMMANDS:
        assert name in text
