import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.changes import Span
from ganga_quality.formatting.sourcetext import SourceText

TEXT = st.text(st.sampled_from("ab\n\r\x0c\x0b\x85\u2028 é"))


@given(TEXT)
def test_nothing_is_lost(text: str) -> None:
    content = text.encode()
    source = SourceText.decoded(content)
    assert source.encoded() == content
    assert all(source.ends[:-1])
    assert not any(set(line) & {"\r", "\n"} for line in source.lines)


@given(TEXT)
def test_every_line_lies_on_one_of_git(text: str) -> None:
    source = SourceText.decoded(text.encode())
    git = text.encode().split(b"\n")
    for number, line in enumerate(source.lines):
        assert line.encode() in git[source.git_line(number) - 1]
        assert number in source.within([Span(source.git_line(number), source.git_line(number))])
    assert source.within([Span(1, len(git))]) == set(range(len(source.lines)))


@given(TEXT, st.sets(st.integers(0, 20)))
def test_spans_hold_the_lines(text: str, numbers: set[int]) -> None:
    source = SourceText.decoded(text.encode())
    lines = frozenset(number for number in numbers if number < len(source.lines))
    assert lines <= source.within(source.spans(lines))


def test_lines_of_git_may_hold_several() -> None:
    source = SourceText.decoded(b"a\rb\r\nc\n")
    assert (source.lines, source.ends) == (("a", "b", "c"), ("\r", "\r\n", "\n"))
    assert source.within([Span(1, 1)]) == {0, 1}
    assert source.within([Span(2, 9)]) == {2}
    assert source.spans([0, 2]) == (Span(1, 2),)


def test_added_lines_end_as_the_first() -> None:
    assert SourceText.decoded(b"a\r\nb\n").newline == "\r\n"
    assert SourceText.decoded(b"a").newline == SourceText.decoded(b"").newline == "\n"


def test_the_mark_at_the_beginning_comes_back() -> None:
    assert SourceText.decoded(b"\xef\xbb\xbfa\n").lines == ("a",)
    assert SourceText.decoded(b"\xef\xbb\xbfa\n").encoded() == b"\xef\xbb\xbfa\n"


@pytest.mark.parametrize("content", [b"x\nx\n\xe9", b"# coding: ascii\n'\xe9'", b"# coding: utf-7\n'+AGE-'"])
def test_what_would_not_come_back_is_refused(content: bytes) -> None:
    with pytest.raises(UnicodeError):
        SourceText.decoded(content)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(SyntaxError):
        SourceText.decoded(b"# coding: nonsense\n")
