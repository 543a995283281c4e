import ast

import pytest

from ganga_quality.formatting.statements import Layout, layout, touched_lines

SOURCE = """\
import a  # why

# of f
@b
# of the decorator
@c
def f(
    x,
):
    '''text
    more
    '''
    y = '''one
two
three'''; z = 1

if a: b
elif c:
    d
"""


def of(source: str) -> Layout:
    return layout(source.removesuffix("\n").split("\n"))


def places(source: str) -> list[tuple[int, int]]:
    return [(one.first, one.end) for one in of(source).statements]


def test_statements_lie_on_whole_lines() -> None:
    assert places(SOURCE) == [(0, 1), (3, 9), (9, 12), (12, 15), (16, 17), (17, 18), (18, 19)]


def test_blocks_know_their_indentation_and_what_is_around() -> None:
    found = of("class A:\n  def f():\n\t   x\n  y\nz\n")
    assert [found.blocks[one.block].indentation for one in found.statements] == ["", "  ", "\t   ", "  ", ""]
    assert list(found.ancestors(found.statements[2].block)) == [2, 1, 0]


@pytest.mark.parametrize(
    ("line", "touched"),
    [
        (0, {0}),
        (1, set()),
        (2, {2}),
        (4, {3, 4, 5, 6, 7, 8}),
        (7, {3, 4, 5, 6, 7, 8}),
        (10, {9, 10, 11}),
        (12, {12, 13, 14}),
        (13, set()),
        (14, {12, 13, 14}),
        (15, set()),
        (99, set()),
    ],
)
def test_lines_touch_statements_and_comments(line: int, touched: set[int]) -> None:
    assert touched_lines(of(SOURCE), {line}) == touched


def test_a_lone_backslash_is_part_of_what_follows() -> None:
    assert places("x\n\\\ny\n") == [(0, 1), (1, 3)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, b,)", "f(\n    a,\n    b\n)"),
        ("a; b;", "a\nb"),
        ("if a: b", "if a:\n    b"),
        ("x = 'a' 'b'", 'x = (\n    "a"\n    "b"\n)'),
        ("x = 0XFF", "x = 0xff"),
        ("return_ = (yield_)", "return_ = yield_"),
    ],
)
def test_marks_are_what_formatting_leaves(before: str, after: str) -> None:
    assert of(before).marks == of(after).marks


@pytest.mark.parametrize(
    ("before", "after"), [("a", "b"), ("a + b", "a - b"), ("'a'; 'b'", "'a'"), ("a.b", "a"), ("'a'\n'b'", "'a' 'b'")]
)
def test_marks_tell_other_code(before: str, after: str) -> None:
    assert of(before).marks != of(after).marks


def test_every_statement_of_the_syntax_tree_begins_in_one() -> None:
    lines = {line for first, end in places(SOURCE) for line in range(first, end)}
    assert {node.lineno - 1 for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.stmt)} <= lines
