"""What can be said as suggestions, and what cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.bot.suggestions import MOST, Suggestion, pasted, suggestions
from ganga_quality.changes import Span
from tests.tools.bot.world import edit

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"```\n"]), min_size=1, max_size=12).map(b"".join)


def applied(source: bytes, offered: tuple[Suggestion, ...]) -> bytes:
    """What GitHub makes of a file when all suggestions are taken."""
    lines = source.splitlines(keepends=True)
    for one in reversed(offered):
        fence, *body, end, _ = one.body.split("\n")
        assert fence.removesuffix("suggestion") == end
        lines[one.first - 1 : one.last] = [f"{line}\n".encode() for line in body]
    return b"".join(lines)


@given(LINES, LINES)
def test_taking_all_suggestions_gives_the_formatted_file(before: bytes, after: bytes) -> None:
    offered = suggestions([edit("a.py", before, after)])
    if offered is not None:
        assert applied(before, offered) == after


def test_an_insertion_replaces_a_line_that_the_diff_shows() -> None:
    behind = edit("a.py", b"a\nb\n", b"a\n\n\nb\n", Span(1, 2))
    before = edit("a.py", b"a\nb\n", b"a\n\n\nb\n", Span(2, 2))
    assert suggestions([behind]) == (Suggestion(path="a.py", first=1, last=1, body="```suggestion\na\n\n\n```\n"),)
    assert suggestions([before]) == (Suggestion(path="a.py", first=2, last=2, body="```suggestion\n\n\nb\n```\n"),)


def test_lines_are_deleted_by_an_empty_suggestion() -> None:
    assert suggestions([edit("a.py", b"a\n\n\n\nb\n", b"a\n\n\nb\n")]) == (
        Suggestion(path="a.py", first=4, last=4, body="```suggestion\n```\n"),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x = 1", b"x = 1\n"),
        (b"x  = 1\r\n", b"x = 1\r\n"),
        (b"x  = '\xe4'\n", b"x = '\xe4'\n"),
        (b"\xef\xbb\xbfx  = 1\n", b"\xef\xbb\xbfx = 1\n"),
        (b"x  = '\x0c'\n", b"x = '\x0c'\n"),
    ],
    ids=["end of file", "carriage returns", "latin-1", "byte order mark", "form feed"],
)
def test_what_would_be_damaged_on_the_way_is_not_suggested(before: bytes, after: bytes) -> None:
    assert suggestions([edit("a.py", before, after)]) is None


def test_a_hunk_outside_the_diff_cannot_be_suggested() -> None:
    assert suggestions([edit("a.py", b"a\nx  = 1\n", b"a\nx = 1\n", Span(1, 1))]) is None
    assert suggestions([edit("a.py", b"x  = 1\ny  = 1\n", b"x = 1\ny = 1\n", Span(1, 1), Span(2, 2))]) is None


def test_there_are_thirty_at_most() -> None:
    file = b"x  = 1\n#\n" * MOST
    assert suggestions([edit("a.py", file, file.replace(b"  ", b" "))]) is not None
    assert suggestions([edit("a.py", file, file.replace(b"  ", b" ")), edit("b.py")]) is None


def test_a_fence_is_longer_than_any_in_the_suggestion() -> None:
    (offered,) = suggestions([edit("a.py", b"x  = '````'\n", b"x = '````'\n")]) or ()
    assert offered.body == "`````suggestion\nx = '````'\n`````\n"


def test_what_survives_a_clipboard() -> None:
    assert pasted("a\tü\n".encode()) == "a\tü\n"
    assert pasted(b"\x1b[31m") is None
    assert pasted("\u2028".encode()) is None
