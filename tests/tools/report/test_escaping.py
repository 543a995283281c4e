import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ganga_quality.report.escaping import cell, code, fenced, logged, printable, shortened, valid
from tests.tools.report.verdicts import HOSTILE, texts

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain naïve 日本\u3000x", "plain naïve 日本\u3000x"),
        ("a\tb\r\n", r"a\tb\r\n"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\u202ebackwards", r"\u202ebackwards"),
    ],
)
def test_what_cannot_be_shown_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_of_a_log_holds_no_old_command() -> None:
    assert logged("x ##[error]pwn") == r"x ##\x5berror]pwn"


@given(texts)
def test_everything_becomes_utf8_and_one_line(text: str) -> None:
    for shown in (valid(text), printable(text), logged(text), code(text), cell(text), fenced(text)):
        assert shown.encode().decode() == shown
    for shown in (printable(text), logged(text), code(text), cell(text)):
        assert len(shown.splitlines()) <= 1
        assert "\x1b" not in shown


@given(texts)
def test_a_code_span_shows_its_text_and_nothing_else(text: str) -> None:
    (paragraph,) = [token for token in MARKDOWN.parse(f"a {code(text)} b") if token.type == "inline"]

    kinds = [(child.type, child.content) for child in paragraph.children or ()]
    if text:
        assert kinds == [("text", "a "), ("code_inline", printable(text)), ("text", " b")]
    else:
        assert kinds == [("text", "a  b")]


@given(texts, texts)
def test_cells_stay_in_their_table(one: str, other: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {cell(one)} | {cell(other)} |\n"

    assert [_code(cell) for cell in _cells(table)[2:]] == [_shown(one), _shown(other)]


@given(texts, st.sampled_from(["", "diff"]))
def test_a_fence_holds_exactly_its_text(text: str, language: str) -> None:
    tokens = MARKDOWN.parse(f"{fenced(text, language)}after\n")

    # A carriage return ends a line for Markdown, and NUL is no character of it.
    content = valid(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].info == language
    assert tokens[0].content == content + ("\n" if content and not content.endswith("\n") else "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_held_in_a_cell(text: str) -> None:
    assert [_code(cell) for cell in _cells(f"| a |\n| --- |\n| {cell(text)} |\n")[1:]] == [_shown(text)]


def test_long_text_is_cut_visibly() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"


def _cells(table: str) -> list[Token]:
    return [token for token in MARKDOWN.parse(table) if token.type == "inline"]


def _code(inline: Token) -> str:
    assert [child.type for child in inline.children or ()] in (["code_inline"], [])
    return "".join(child.content for child in inline.children or ())


def _shown(text: str) -> str:
    return printable(text.replace("\\|", "\\ |"))
