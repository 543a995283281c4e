from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.fixing.edits import Edit, Edited, applied, offsets
from ganga_quality.formatting.sourcetext import SourceText
from ganga_quality.formatting.statements import layout

TEXT = SourceText.of("a = 1\nb = 2\nc = 3\n", "utf-8")


def done(source: str, lines: Sequence[int], *fixes: Sequence[Edit]) -> Edited:
    text = SourceText.of(source, "utf-8")
    return applied(text, lines, fixes, layout(text.lines))


@pytest.mark.parametrize(
    ("lines", "fixes", "result", "left"),
    [
        ([1], [[Edit(10, 11, "9")]], "a = 1\nb = 9\nc = 3\n", {1}),
        ([0], [[Edit(10, 11, "9")]], "a = 1\nb = 2\nc = 3\n", {0}),
        ([1], [[Edit(6, 12, "")]], "a = 1\nc = 3\n", set()),
        ([0, 1, 2], [[Edit(6, 12, "")]], "a = 1\nc = 3\n", {0, 1}),
        ([1], [[Edit(6, 6, "x\ny\n")]], "a = 1\nx\ny\nb = 2\nc = 3\n", {1, 2, 3}),
        ([1, 2], [[Edit(6, 7, "x\ny")]], "a = 1\nx\ny = 2\nc = 3\n", {1, 2, 3}),
        ([0, 2], [[Edit(0, 1, "x\ny")], [Edit(12, 13, "z")]], "x\ny = 1\nb = 2\nz = 3\n", {0, 1, 3}),
        ([0, 2], [[Edit(0, 1, "x"), Edit(6, 7, "y")]], "a = 1\nb = 2\nc = 3\n", {0, 2}),
        ([1], [[Edit(7, 12, "")]], "a = 1\nb = 2\nc = 3\n", {1}),
        ([2], [[Edit(13, 18, "")]], "a = 1\nb = 2\nc", {2}),
        ([0], [[Edit(0, 1, "x")], [Edit(0, 1, "x")]], "x = 1\nb = 2\nc = 3\n", {0}),
        ([0], [[Edit(0, 3, "x")], [Edit(2, 5, "y")]], "x 1\nb = 2\nc = 3\n", {0}),
        ([0], [[Edit(0, 1, "x")], [Edit(1, 1, "y")]], "x = 1\nb = 2\nc = 3\n", {0}),
        ([0], [[Edit(6, 6, "x\n")]], "a = 1\nx\nb = 2\nc = 3\n", {0, 1}),
        ([0], [[Edit(0, 1, "x"), Edit(0, 3, "y")]], "a = 1\nb = 2\nc = 3\n", {0}),
    ],
)
def test_edits_stay_on_the_lines(
    lines: Sequence[int], fixes: Sequence[Sequence[Edit]], result: str, left: set[int]
) -> None:
    edited = done(TEXT.text, lines, *fixes)
    assert edited.text.text == result
    assert edited.lines == left


def test_a_block_is_not_emptied_at_once() -> None:
    source = "def f():\n    a\n    b\nc\nd\n"
    edits = [[Edit(9, 15, "")], [Edit(15, 21, "")]]
    assert done(source, range(5), *edits).text.text == "def f():\n    b\nc\nd\n"
    # At the top there may be nothing at all.
    assert done("a\nb\nc\n", range(3), [Edit(0, 2, "")], [Edit(4, 6, "")]).text.text == "b\n"


EDITS = st.builds(
    lambda start, size, content: Edit(start, start + size, content), *[st.integers(0, 15)] * 2, st.text("x\n")
)


@given(st.sets(st.integers(0, 2)), st.lists(st.lists(EDITS, max_size=2), max_size=4))
def test_other_lines_stay(lines: set[int], fixes: list[list[Edit]]) -> None:
    edited = applied(TEXT, lines, fixes, layout(TEXT.lines))
    kept = [line for number, line in enumerate(TEXT.lines) if number not in lines]
    assert [line for number, line in enumerate(edited.text.lines) if number not in edited.lines] == kept


def test_offsets_count_characters_with_their_ends() -> None:
    assert offsets(SourceText.of("é\r\nb", "utf-8")) == [0, 3, 4]
