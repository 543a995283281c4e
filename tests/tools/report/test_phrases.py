from ganga_quality.findings import Failure, FailureKind, Origin, Verdict
from ganga_quality.report.phrases import counted, failed, fix_hint, foremost, headline, level, summary
from tests.tools.report.verdicts import finding, verdict

CRASH = Failure(tool="mypy", kind=FailureKind.CRASHED, message="signal 6")


def test_numbers_agree_with_their_nouns() -> None:
    assert counted(1, "file") == "1 file"
    assert counted(2000, "file") == "2,000 files"


def test_a_clean_verdict_says_what_was_looked_at_and_by_whom() -> None:
    assert summary(verdict()) == "Clean: 2 files, changes since main (black 0 in 1.0 s, ruff 0 in 0.1 s)"


def test_findings_are_counted_by_tool() -> None:
    told = verdict(finding(), finding(line=2, origin=Origin.KNOCK_ON), finding(rule="x", tool="mypy"))

    assert summary(told) == (
        "3 findings (1 knock-on) in 2 files, changes since main (black 0 in 1.0 s, mypy 1, ruff 2 in 0.1 s)"
    )


def test_a_failure_is_never_clean() -> None:
    assert headline(verdict(failures=(CRASH,))) == "0 findings, 1 failure"


def test_a_verdict_without_tools_has_no_empty_brackets() -> None:
    assert summary(Verdict(scope="all files", files=0)) == "Clean: 0 files, all files"


def test_the_hint_names_the_command_that_mends() -> None:
    formatting = finding(tool="black", fixable=True)
    lint = finding(fixable=True)

    assert not fix_hint(verdict(finding()))
    assert fix_hint(verdict(formatting)) == '"ganga-quality fix" mends 1 of them.'
    assert fix_hint(verdict(lint, lint)) == '"ganga-quality fix --lint" mends 2 of them.'
    assert fix_hint(verdict(formatting, lint)) == '"ganga-quality fix" mends 1 of them, with --lint 1 more.'


def test_every_kind_of_failure_has_words() -> None:
    words = {failed(Failure(tool="ruff", kind=kind, message="")) for kind in FailureKind}

    assert words == {"ruff is missing", "ruff crashed", "ruff timed out", "ruff cannot parse this file"}


def test_changed_lines_come_first_then_knock_ons_each_by_place() -> None:
    lines = [(1, Origin.EXISTING), (2, Origin.KNOCK_ON), (3, Origin.CHANGED), (4, Origin.KNOCK_ON), (5, Origin.CHANGED)]

    ordered = foremost(finding(line=line, origin=origin) for line, origin in lines)

    assert [found.line for found in ordered] == [3, 5, 2, 4, 1]


def test_what_a_command_mends_is_a_warning() -> None:
    assert level(finding(fixable=True)) == "warning"
    assert level(finding()) == "error"
