import pytest

from ganga_quality.formatting.splicing import Misaligned, spliced
from ganga_quality.formatting.statements import layout, touched_lines


def texts(before: str, after: str, *lines: int) -> str:
    old, new = (layout(text.split("\n")) for text in (before, after))
    return "\n".join(line.text for line in spliced(old, new, touched_lines(old, set(lines)), frozenset()))


def test_only_what_is_touched_is_taken_over() -> None:
    assert texts("a=1\nb=1\nc=1", "a = 1\nb = 1\nc = 1", 1) == "a=1\nb = 1\nc=1"


def test_one_may_become_several() -> None:
    assert texts("a;b\nc;d", "a\nb\nc\nd", 1) == "a;b\nc\nd"


def test_several_become_one_only_together() -> None:
    before, after = "class A:\n    ...\nb=1", "class A: ...\nb = 1"
    assert texts(before, after, 0, 1) == "class A: ...\nb=1"
    assert texts(before, after, 0) == before


def test_blank_lines_follow_what_they_lie_beside() -> None:
    before, after = "a\n\n\n\nb\n\n\n\nc", "a\n\nb\n\nc"
    assert texts(before, after, 0) == "a\n\nb\n\n\n\nc"
    assert texts(before, after, 4) == "a\n\nb\n\nc"


def test_comments_are_taken_over_one_by_one() -> None:
    before, after = "#a\n\n\n#b\n\n\n#c\nx", "# a\n\n# b\n\n# c\nx"
    assert texts(before, after, 3) == "#a\n\n# b\n\n#c\nx"
    assert texts(before, after, 0) == "# a\n\n#b\n\n\n#c\nx"


def test_a_comment_moves_with_its_block() -> None:
    assert texts("if a:\n  #b\n  c\n  d", "if a:\n    # b\n    c\n    d", 1, 2) == "if a:\n  # b\n  c\n  d"
    assert texts("if a:\n  c\n  #b\nd", "if a:\n    c\n    # b\nd", 0, 2) == "if a:\n  c\n  # b\nd"


def test_lines_know_where_they_come_from() -> None:
    old, new = (layout(text.split("\n")) for text in ("a=1\nb=1", "a = 1\nb = 1"))
    assert [line.origin for line in spliced(old, new, frozenset({1}), frozenset())] == [0, None]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("a\nb", "a\nc", 1),
        ("a\nb", "a", 1),
        ("a\n#x\nb", "a\nb", 1),
        ("a\nb", "a\n#x\nb", 1),
        ("a\nb + c", "a\nc + b", 1),
    ],
)
def test_what_does_not_fit_is_refused(before: str, after: str, line: int) -> None:
    with pytest.raises(Misaligned) as caught:
        texts(before, after, 0, 1, 2)
    assert caught.value.line == line
