import re

from hypothesis import given

from ganga_quality.findings import Failure, FailureKind, Origin, Verdict
from ganga_quality.report import text
from tests.tools.report.verdicts import finding, verdict, verdicts

#: What the runner of GitHub Actions reads as a command, in the new form and in the old one.
COMMAND = re.compile(r"^\s*::|##\[")


def test_a_clean_verdict_is_one_line() -> None:
    assert text.render(verdict()) == "Clean: 2 files, changes since main (black 0 in 1.0 s, ruff 0 in 0.1 s)\n"


def test_findings_come_by_place_then_failures_then_what_it_comes_to() -> None:
    told = verdict(
        finding(),
        finding("b.py", 7, rule="arg-type", tool="mypy", message="Wrong", origin=Origin.KNOCK_ON),
        failures=(
            Failure(tool="ruff", kind=FailureKind.CRASHED, message="signal 6\nstack overflow"),
            Failure(tool="black", kind=FailureKind.UNPARSABLE, message="Cannot parse", path="c.py", line=3),
            Failure(tool="black", kind=FailureKind.UNPARSABLE, message="Odd bytes", path="d.py"),
        ),
    )

    assert text.render(told) == (
        "a.py:1:1: F401 `os` imported but unused\n"
        "b.py:7:1: arg-type Wrong (knock-on)\n"
        "\n"
        "ruff crashed: signal 6\n"
        "    | stack overflow\n"
        "c.py:3: black cannot parse this file: Cannot parse\n"
        "d.py: black cannot parse this file: Odd bytes\n"
        "\n"
        "2 findings (1 knock-on), 3 failures in 2 files, changes since main"
        " (black 0 in 1.0 s, mypy 1, ruff 1 in 0.1 s)\n"
    )


def test_the_command_that_mends_is_named_last() -> None:
    told = text.render(verdict(finding(rule="format", tool="black", fixable=True)))

    assert told.splitlines()[-1] == '"ganga-quality fix" mends 1 of them.'


def test_a_failure_without_words_is_told() -> None:
    told = text.render(verdict(failures=(Failure(tool="ruff", kind=FailureKind.TIMED_OUT, message=""),)))

    assert "ruff timed out: \n" in told


def test_colour_is_only_where_it_is_asked_for() -> None:
    told = verdict(finding())

    assert "\x1b" not in text.render(told)
    colored = text.render(told, color=True)
    assert colored.startswith("\x1b[1ma.py:1:1:\x1b[0m ")
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == text.render(told)


@given(verdicts)
def test_nothing_that_is_shown_moves_the_cursor_or_commands_a_runner(told: Verdict) -> None:
    shown = text.render(told)

    assert shown.encode().decode() == shown
    for line in shown.split("\n"):
        assert len(line.splitlines()) <= 1
        assert "\x1b" not in line
        assert not COMMAND.search(line)
