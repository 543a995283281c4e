"""A change answers for what it wrote, and for what it brought about elsewhere; for nothing else."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.changes import Changes, FileChange, Hunk
from ganga_quality.checking.introduced import introduced
from ganga_quality.findings import Failure, FailureKind, Finding, Origin, Outcome


def finding(path: str, line: int, rule: str = "F401", column: int = 1) -> Finding:
    return Finding(path=path, line=line, column=column, rule=rule, tool="ruff", message="m", end_line=line)


def changes(*files: FileChange) -> Changes:
    return Changes(files={file.path: file for file in files})


def nobody(paths: frozenset[str]) -> Outcome:
    pytest.fail(f"the old state was asked for {paths}")


def said(findings: Iterable[Finding] = (), *failures: Failure) -> Outcome:
    return Outcome(tuple(findings), failures)


#: Line 3 of the new state is new; line 5 of the old one is gone.
EDITED = FileChange(path="a.py", old_path="a.py", hunks=(Hunk(2, 0, 3, 1), Hunk(5, 1, 5, 0)))


def test_the_old_state_is_not_asked_for_written_lines() -> None:
    new = FileChange(path="new.py", old_path=None, hunks=(Hunk(0, 0, 1, 9),))
    found = introduced([finding("new.py", 7), finding("a.py", 3)], nobody, changes(EDITED, new))
    assert [(each.path, each.line, each.origin) for each in found] == [
        ("a.py", 3, Origin.CHANGED),
        ("new.py", 7, Origin.CHANGED),
    ]


def test_what_was_there_before_is_nobodys() -> None:
    before = [finding("a.py", 2), finding("a.py", 4), finding("a.py", 6)]
    head = [finding("a.py", 2), finding("a.py", 5), finding("a.py", 6)]
    assert introduced(head, lambda _: said(before), changes(EDITED)) == ()


@pytest.mark.parametrize("now", [finding("a.py", 4), finding("a.py", 5, "E501"), finding("a.py", 5, column=2)])
def test_what_differs_in_place_or_rule_is_a_knock_on(now: Finding) -> None:
    found = introduced([now], lambda _: said([finding("a.py", 4)]), changes(EDITED))
    assert [each.origin for each in found] == [Origin.KNOCK_ON]


def test_a_file_that_did_not_change_can_have_knock_ons() -> None:
    asked: list[frozenset[str]] = []

    def base(paths: frozenset[str]) -> Outcome:
        asked.append(paths)
        return said([finding("b.py", 1)])

    found = introduced([finding("b.py", 1), finding("b.py", 2)], base, changes(EDITED))
    assert [(each.line, each.origin) for each in found] == [(2, Origin.KNOCK_ON)]
    assert asked == [frozenset({"b.py"})]


def test_a_renamed_file_is_compared_with_its_old_self() -> None:
    renamed = FileChange(path="new/a.py", old_path="a.py", hunks=(Hunk(0, 0, 1, 2),))
    asked: list[frozenset[str]] = []

    def base(paths: frozenset[str]) -> Outcome:
        asked.append(paths)
        return said([finding("a.py", 1)])

    assert introduced([finding("new/a.py", 3)], base, changes(renamed)) == ()
    assert asked == [frozenset({"a.py"})]


def test_what_could_not_be_judged_before_is_not_charged() -> None:
    unparsable = Failure(tool="ruff", kind=FailureKind.UNPARSABLE, message="m", path="a.py")
    head = [finding("a.py", 1), finding("a.py", 3), finding("b.py", 1)]
    found = introduced(head, lambda _: said([], unparsable), changes(EDITED))
    assert [(each.path, each.line) for each in found] == [("a.py", 3), ("b.py", 1)]


def test_a_tool_that_failed_on_the_old_state_charges_nothing_elsewhere() -> None:
    crashed = Failure(tool="mypy", kind=FailureKind.CRASHED, message="m")
    found = introduced([finding("a.py", 1), finding("a.py", 3)], lambda _: said([], crashed), changes(EDITED))
    assert [each.line for each in found] == [3]


@given(kept=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["keep", "drop", "add"])), max_size=15))
def test_debt_that_moves_is_never_charged(kept: list[tuple[str, str]]) -> None:
    """Each ``b`` is a violation. Lines come and go; those that stay are nobody's, and all new ones are the change's."""
    old = [text for text, fate in kept if fate != "add"]
    new = [(text, fate) for text, fate in kept if fate != "drop"]
    hunks = []
    old_line = new_line = 0
    for _, fate in kept:
        if fate == "add":
            new_line += 1
            hunks.append(Hunk(old_line, 0, new_line, 1))
        elif fate == "drop":
            old_line += 1
            hunks.append(Hunk(old_line, 1, new_line, 0))
        else:
            old_line, new_line = old_line + 1, new_line + 1
    change = FileChange(path="a.py", old_path="a.py", hunks=tuple(hunks))
    before = said(finding("a.py", line) for line, text in enumerate(old, start=1) if text == "b")
    head = [finding("a.py", line) for line, (text, _) in enumerate(new, start=1) if text == "b"]
    expected = [line for line, (text, fate) in enumerate(new, start=1) if (text, fate) == ("b", "add")]
    assert [each.line for each in introduced(head, lambda _: before, changes(change))] == expected
