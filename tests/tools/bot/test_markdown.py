"""Foreign text within Markdown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.bot.markdown import block, code, plain

ODD = st.text(st.sampled_from("`a @|<!->\n\r\u202e\x1b[]*\\"))


@given(ODD)
def test_a_code_span_ends_only_at_its_own_fence(text: str) -> None:
    span = code(text)
    fence = re.match("`+", span)
    assert fence is not None
    assert span.endswith(fence[0])
    runs = re.findall("`+", span)
    assert [run for run in runs if run == fence[0]] == [fence[0]] * 2
    assert span.isprintable()


@given(st.text(st.sampled_from("`~ab\n")))
def test_a_block_ends_only_at_its_own_fence(text: str) -> None:
    first, *body, last = block(text, "py").split("\n")
    fence = first.removesuffix("py")
    assert last == fence
    assert all(not line.strip().startswith(fence) for line in body)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a.py", "`a.py`"),
        ("`@all`", "`` `@all` ``"),
        ("a\n::warning::", "`a\N{REPLACEMENT CHARACTER}::warning::`"),
        ("", "`  `"),
    ],
)
def test_code_spans(text: str, span: str) -> None:
    assert code(text) == span


def test_plain_text_is_one_short_line() -> None:
    assert plain("a\r\n::error::b\x1b[31m\u202ec") == "a ::error::b [31m c"
    assert plain("x" * 400) == "x" * 300 + "..."
