import ast
import re
from collections.abc import Sequence

import pytest

from ganga_quality.changes import Hunk, Span
from ganga_quality.errors import UsageError
from ganga_quality.formatting import formatter as formatting
from ganga_quality.formatting.formatter import CannotFormat, Style, formatted
from ganga_quality.formatting.patch import differences

STYLE = Style()


def on_lines(source: str | bytes, *spans: tuple[int, int], style: Style = STYLE) -> str:
    content = source if isinstance(source, bytes) else source.encode()
    return formatted(content, style, spans=[Span(*span) for span in spans]).decode()


# -- black itself, which promises no interface


def test_black_still_has_what_is_used_of_it() -> None:
    import black  # noqa: PLC0415 - the names are the point
    from black.files import infer_target_version  # noqa: PLC0415
    from black.mode import Mode, Preview, TargetVersion  # noqa: PLC0415
    from black.parsing import InvalidInput, parse_ast, stringify_ast  # noqa: PLC0415

    mode = Mode(target_versions={TargetVersion.PY311}, line_length=50, is_pyi=False, enabled_features=set[Preview]())
    assert black.format_str("x=1\ny=2\n", mode=mode, lines=[(2, 2)]) == "x=1\ny = 2\n"
    assert list(stringify_ast(parse_ast("x=1"))) == list(stringify_ast(parse_ast("x = 1")))
    assert TargetVersion.PY311 in (infer_target_version({"project": {"requires-python": ">=3.11"}}) or [])
    with pytest.raises(InvalidInput) as caught:
        black.format_str("x = (\n", mode=mode)
    assert isinstance(caught.value.lineno, int)


def test_black_is_loaded_only_when_it_is_needed() -> None:
    assert not hasattr(formatting, "black")
    assert formatted(b"x=1", STYLE, spans=[]) == b"x=1"


# -- what spans touch

TOUCHED = {
    "one of several": ("x=1\ny=2\nz=3\n", [(2, 2)], "x=1\ny = 2\nz=3\n"),
    "the first": ("x=1\ny=2\n", [(1, 1)], "x = 1\ny=2\n"),
    "the last without an end": ("x=1\ny=2", [(2, 2)], "x=1\ny = 2\n"),
    "another than the last without an end": ("x=1\ny=2", [(1, 1)], "x = 1\ny=2"),
    "one line of a long statement": ("f(a,\n  b)\ny=2\n", [(2, 2)], "f(a, b)\ny=2\n"),
    "two of three": ("x=1\ny=2\nz=3\n", [(1, 1), (3, 3)], "x = 1\ny=2\nz = 3\n"),
    "what shares a line": ("if a: b;c\nd=1\n", [(1, 1)], "if a:\n    b\n    c\nd=1\n"),
    "a header, not its body": ("if  a :\n    x=1\n", [(1, 1)], "if a:\n    x=1\n"),
    "a body, not its header": ("if  a :\n    x=1\n", [(2, 2)], "if  a :\n    x = 1\n"),
    "else by itself": (
        "if  a :\n    x=1\nelse  :\n    y=1\n",
        [(3, 3)],
        "if  a :\n    x=1\nelse:\n    y=1\n",
    ),
    "a decorator with its header": (
        "@ a\n# why\n@ b\ndef f( x ):\n    y=1\n",
        [(3, 3)],
        "@a\n# why\n@b\ndef f(x):\n    y=1\n",
    ),
    "one method of several": (
        "class A:\n    def f( self ): pass\n    def g( self ): pass\n    def h( self ): pass\n",
        [(3, 3)],
        "class A:\n    def f( self ): pass\n\n    def g(self):\n        pass\n\n    def h( self ): pass\n",
    ),
    "match": (
        "match  x :\n    case  1 :\n        y=1\n    case  _ :\n        y=2\n",
        [(2, 2), (5, 5)],
        "match  x :\n    case 1:\n        y=1\n    case  _ :\n        y = 2\n",
    ),
    "a comment, not its statement": ("#a\nx=1\n#b\ny=1\n", [(3, 3)], "#a\nx=1\n# b\ny=1\n"),
    "a statement, not its comment": ("#a\nx=1\n#b\ny=1\n", [(4, 4)], "#a\nx=1\n#b\ny = 1\n"),
    "nothing but comments": ("#a\n#b\n", [(2, 2)], "#a\n# b\n"),
    "backslashes": ("x=1+ \\\n  2\ny=1\n", [(2, 2)], "x = 1 + 2\ny=1\n"),
    "the string of a statement": ("x  = '''\na\n'''\n", [(3, 3)], 'x = """\na\n"""\n'),
    "documentation from within": ("def f( ):\n    '''a\n      b  \n    '''\n", [(3, 3)], None),
    "blank lines beside": ("x=1\n\n\n\n\ny=1\n\n\n\n\nz=1\n", [(6, 6)], "x=1\n\n\ny = 1\n\n\nz=1\n"),
    "only blank lines": ("x=1\n\n\n\n\ny=1\n", [(3, 3)], "x=1\n\n\ny=1\n"),
    "behind a function": ("def f( ): pass\nx=1\n", [(2, 2)], "def f( ): pass\n\n\nx = 1\n"),
    "below a comment": ("def f( ): pass\n#why\nx=1\n", [(3, 3)], "def f( ): pass\n\n\n#why\nx = 1\n"),
    "where a function was deleted": ("x=1\n\n\n\n\ny=1\n", [(4, 3)], "x=1\n\n\ny=1\n"),
    "where blank lines were deleted": ("def f( ): pass\nx=1\n", [(2, 1)], "def f( ): pass\n\n\nx=1\n"),
    "where an argument was deleted": ("f(a,\n  b)\ny=1\n", [(2, 1)], "f(a, b)\ny=1\n"),
    "where a line of a text was deleted": ("x  = '''\na\nb\n'''\n", [(3, 2)], "x  = '''\na\nb\n'''\n"),
    "async": ("async  def f( ):\n    await  x\n    y=1\n", [(2, 2)], "async  def f( ):\n    await x\n    y=1\n"),
    "one except of two": (
        "try :\n  a\nexcept (B) :\n  c\nexcept  D :\n  e\n",
        [(5, 5)],
        "try :\n  a\nexcept (B) :\n  c\nexcept D:\n  e\n",
    ),
}


@pytest.mark.parametrize("name", TOUCHED)
def test_only_what_the_lines_touch_is_formatted(name: str) -> None:
    source, spans, expected = TOUCHED[name]
    result = on_lines(source, *spans)
    if expected is None:
        expected = 'def f( ):\n    """a\n    b\n    """\n'
    assert result == expected
    assert on_lines(source.replace("\n", "\r\n"), *spans) == expected.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("source", "span"),
    [
        ("x  = '''\na\n'''\n", (2, 2)),
        ("x=1\n", (2, 9)),
        ("", (1, 1)),
        ("\n\n\n", (1, 3)),
        ("# fmt: off\nx=1\ny=1\n# fmt: on\n", (2, 2)),
        ("x=1 # fmt: skip\n", (1, 1)),
    ],
)
def test_what_touches_nothing_changes_nothing(source: str, span: tuple[int, int]) -> None:
    assert on_lines(source, span) == source


# -- blocks that are indented in their own way


def test_a_block_keeps_its_indentation_while_something_in_it_stays() -> None:
    source = "def f( x ):\n  if  x:\n     return    1\n  return  2\n"
    assert on_lines(source, (1, 3)) == "def f(x):\n  if x:\n      return 1\n  return  2\n"
    assert on_lines(source, (1, 4)) == "def f(x):\n    if x:\n        return 1\n    return 2\n"
    assert on_lines(source, (3, 3)) == "def f( x ):\n  if  x:\n      return 1\n  return  2\n"


def test_tabs_stay_where_the_block_stays() -> None:
    source = "def f( x ):\n\tg(x ,[\n\t1 , ])\n\n\t#why\n\treturn  2\n"
    assert (
        on_lines(source, (2, 2))
        == "def f( x ):\n\tg(\n\t    x,\n\t    [\n\t        1,\n\t    ],\n\t)\n\n\t#why\n\treturn  2\n"
    )
    assert on_lines(source, (5, 5)) == "def f( x ):\n\tg(x ,[\n\t1 , ])\n\n\t# why\n\treturn  2\n"


def test_documentation_moves_with_its_block_and_other_strings_do_not() -> None:
    source = "def f():\n  '''a\n    b\n  '''\n  x  = '''\n    b'''\n  y  = 1\n"
    expected = 'def f():\n  """a\n  b\n  """\n  x = """\n    b"""\n  y  = 1\n'
    assert on_lines(source, (2, 6)) == expected


# -- lines, as git and Python count them

ODD_LINES = {
    "form feed": "\x0c",
    "vertical tab": "\x0b",
    "file separator": "\x1c",
    "record separator": "\x1e",
    "next line": "\x85",
    "line separator": "\u2028",
}


@pytest.mark.parametrize("name", ODD_LINES)
def test_what_only_unicode_calls_a_line_end_does_not_shift_lines(name: str) -> None:
    odd = ODD_LINES[name]
    source = f"a  = '{odd}'\nb  = 2 # {odd} b\n'''{odd}\n'''\nc  = 3\nd  = 4\n"
    expected = f"a  = '{odd}'\nb  = 2 # {odd} b\n'''{odd}\n'''\nc = 3\nd  = 4\n"
    assert on_lines(source, (5, 5)) == expected


def test_blank_lines_at_the_beginning_do_not_shift_lines() -> None:
    assert on_lines("\n \n\nx  = 1\ny  = 2\nz  = 3\n", (5, 5)) == "\n \n\nx  = 1\ny = 2\nz  = 3\n"


def test_a_form_feed_between_statements_stays() -> None:
    assert on_lines("a  = 1\n\x0c\nb  = 2\nc  = 3\n", (4, 4)) == "a  = 1\n\x0c\nb  = 2\nc = 3\n"
    assert on_lines("a  = 1\n\x0c\nb  = 2\n", (3, 3)) == "a  = 1\n\x0c\nb = 2\n"


def test_several_lines_of_python_may_be_one_of_git() -> None:
    assert on_lines("a  = 1\rb  = 2\nc  = 3\r\nd  = 4\n", (1, 1)) == "a = 1\rb = 2\rc  = 3\r\nd  = 4\n"
    assert on_lines("a  = 1\rb  = 2\nc  = 3\r\nd  = 4\n", (2, 2)) == "a  = 1\rb  = 2\nc = 3\rd  = 4\n"


def test_of_mixed_line_ends_those_around_stay() -> None:
    source = b"a  = 1\r\nb  = 2\nc  = (3,\n4)\r\nd  = 4\r\n"
    assert formatted(source, STYLE, spans=[Span(3, 3)]) == b"a  = 1\r\nb  = 2\nc = (3, 4)\r\nd  = 4\r\n"


# -- encodings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfa  = '\xc3\xa9'\nb  = 1\n", b"\xef\xbb\xbfa  = '\xc3\xa9'\nb = 1\n"),
        (b"# coding: latin-1 \nb  = '\xe9'\n", b'# coding: latin-1 \nb = "\xe9"\n'),
        ("# coding: utf-8\na  = 'ä𝛼'\n".encode(), '# coding: utf-8\na = "ä𝛼"\n'.encode()),
    ],
)
def test_the_encoding_stays(before: bytes, after: bytes) -> None:
    assert formatted(before, STYLE, spans=[Span(2, 2)]) == after


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"# coding: nonsense\nx=1\n", "unknown encoding"),
        (b"x='\xe9'\n", "cannot be decoded"),
        (b"# coding: utf-7\nx='+AGE-'\n", "more than one spelling"),
        (b"\n\n# coding: latin-1\nx  ='\xc3\xa9'\n", "come into force"),
    ],
)
def test_what_would_not_come_back_is_not_touched(source: bytes, message: str) -> None:
    with pytest.raises(CannotFormat, match=message):
        formatted(source, STYLE, spans=[Span(1, 4)])


# -- what is refused


@pytest.mark.parametrize("spans", [None, [Span(1, 1)]])
@pytest.mark.parametrize(
    "source", [b"x=1\ndef f(:\n  pass\n", b"x = (\n", b"if x:\n    y\n  z\n", b"x = 1 +\n", b"x = 'a\n"]
)
def test_what_is_no_python_is_refused(source: bytes, spans: Sequence[Span] | None) -> None:
    with pytest.raises(CannotFormat) as caught:
        formatted(source, STYLE, spans=spans)
    assert 0 < caught.value.line <= source.count(b"\n")
    assert "pars" in caught.value.message


@pytest.mark.parametrize(
    "source",
    ["x = " + "-" * 100_000 + "1\n", "x = " + "[" * 5_000 + "]" * 5_000 + "\n", "x = a" + ".b" * 50_000 + "\n"],
    ids=["minus", "brackets", "attributes"],
)
def test_what_is_nested_too_deeply_is_refused_at_once(source: str) -> None:
    with pytest.raises(CannotFormat, match="nested too deeply"):
        formatted(source.encode(), STYLE)


def answers(monkeypatch: pytest.MonkeyPatch, *replies: str) -> None:
    """Black says these things, one after the other; the last one again and again."""
    import black  # noqa: PLC0415 - as the adapter does it

    said = list(replies)
    monkeypatch.setattr(black, "format_str", lambda *_, **__: said.pop(0) if len(said) > 1 else said[0])


@pytest.mark.parametrize("answer", ["a = 1\nc = 2\n", "a = 1\n", "a = 1\nb = 2\nb\n", "a = 1\nb = (\n"])
def test_an_answer_that_does_not_fit_is_not_taken(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    answers(monkeypatch, answer)
    with pytest.raises(CannotFormat):
        on_lines("a=1\nb=2\n", (1, 2))


def test_another_syntax_tree_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "a = '1'\n")
    with pytest.raises(CannotFormat, match="syntax tree"):
        on_lines("a= '2'\n", (1, 1))
    assert formatted(b"a= '2'\n", STYLE, spans=[Span(1, 1)], verify=False) == b"a = '1'\n"


def test_what_black_writes_elsewhere_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "a = 1\n\n\nb = 2\n# c\n\nd = 3\n")
    assert on_lines("a=1\n\nb=2\n#c\nd=3\n", (5, 5)) == "a=1\n\nb=2\n#c\n\nd = 3\n"


def test_black_that_does_not_come_to_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, *(["a = 1\n", "a =  1\n"] * 5))
    with pytest.raises(CannotFormat, match="still changes"):
        formatted(b"a=1\n", STYLE)


def test_a_crash_of_black_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import black  # noqa: PLC0415 - as the adapter does it

    def crash(*_: object, **__: object) -> str:
        raise AssertionError("no idea")

    monkeypatch.setattr(black, "format_str", crash)
    with pytest.raises(CannotFormat, match="AssertionError: no idea"):
        formatted(b"a=1\n", STYLE)


# -- whole files and styles


def test_a_whole_file_is_as_black_has_it() -> None:
    assert formatted(b"\n\nx  = 'a'\ndef f(): pass\n", STYLE) == b'x = "a"\n\n\ndef f():\n    pass\n'
    assert formatted(b"x = 1\r\ny  = 2\n", STYLE) == b"x = 1\r\ny = 2\r\n"
    assert formatted(b"x = 1\r\ny = 2\n", STYLE) == b"x = 1\r\ny = 2\n"


def test_the_style_is_obeyed() -> None:
    assert formatted(b"x='a'\n", Style(skip_string_normalization=True)) == b"x = 'a'\n"
    assert formatted(b"f(a, b)\n", Style(line_length=5)) == b"f(\n    a,\n    b,\n)\n"
    assert formatted(b"f(a,)\n", Style(skip_magic_trailing_comma=True)) == b"f(\n    a,\n)\n".replace(
        b"\n    a,\n", b"a"
    )
    assert formatted(b"x=1 ;\ny=1\n", Style(skip_source_first_line=True)) == b"x=1 ;\ny = 1\n"
    assert formatted(b"x=1 ;\ny=1\n", Style(skip_source_first_line=True), spans=[Span(1, 2)]) == b"x=1 ;\ny = 1\n"
    assert formatted(b"def f():\n    ...\n", STYLE, stub=True) == b"def f(): ...\n"


@pytest.mark.parametrize("style", [Style(target_version=("py2",)), Style(enable_unstable_feature=("beauty",))])
def test_what_black_does_not_know_is_an_error_of_use(style: Style) -> None:
    with pytest.raises(UsageError, match="knows no"):
        formatted(b"x=1\n", style)


def test_target_versions_come_from_the_project() -> None:
    source = (
        b"with open('aaaaaaaaaaaaaaaaaa') as bbbbbbbbbbbbbb, open('cccccccccccccccccccc') as ddddddddddd:\n    pass\n"
    )
    assert b"with (\n" in formatted(source, Style(requires_python=">=3.11"))
    assert b"with (\n" not in formatted(source, Style(requires_python=">=3.7"))


# -- differences


@pytest.mark.parametrize(
    ("before", "after", "hunks"),
    [
        (b"a\nb\n", b"a\nb\n", ()),
        (b"a\nb\nc\n", b"a\nx\nc\n", (Hunk(2, 1, 2, 1),)),
        (b"a\nb\n", b"a\nx\nb\n", (Hunk(1, 0, 2, 1),)),
        (b"a\nx\nb\n", b"a\nb\n", (Hunk(2, 1, 1, 0),)),
        (b"a", b"a\n", (Hunk(1, 1, 1, 1),)),
        (b"", b"a\n", (Hunk(0, 0, 1, 1),)),
        (b"a\rb\n", b"a\rc\n", (Hunk(1, 1, 1, 1),)),
    ],
)
def test_differences_are_told_as_git_does(before: bytes, after: bytes, hunks: tuple[Hunk, ...]) -> None:
    assert differences(before, after) == hunks


def test_modern_syntax_is_formatted_where_this_python_knows_it() -> None:
    source = "x  = f'{y[\"a\"]}'\ny  = f\"{'a' if x else 'b' !r:>{width}}\"\nz  = 1\n"
    result = on_lines(source, (1, 2))
    assert result.endswith("\nz  = 1\n")
    assert ast.dump(ast.parse(result)) == ast.dump(ast.parse(source))
    assert re.match(r"x = f", result)
