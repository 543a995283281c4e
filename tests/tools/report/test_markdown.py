from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ganga_quality.findings import Failure, FailureKind, Origin, Verdict
from ganga_quality.report import markdown
from ganga_quality.report.escaping import printable
from tests.tools.report.verdicts import finding, verdict, verdicts

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
URL = "https://docs.astral.sh/ruff/rules/F401"
LIMIT = 2000


def test_a_clean_verdict_is_a_heading_and_a_line() -> None:
    assert markdown.render(verdict()) == (
        "## ✅ ganga-quality: Clean\n\n"
        "2 files looked at: `changes since main`. Tools: `black 0 in 1.0 s, ruff 0 in 0.1 s`.\n"
    )


def test_findings_are_counted_then_listed() -> None:
    told = verdict(
        finding(url=URL),
        finding("b.py", 3, rule="format", tool="black", message="would be reformatted", fixable=True),
        finding("b.py", 2, url=URL, origin=Origin.KNOCK_ON),
    )

    _, rest = markdown.render(told).split("### By rule\n\n")
    assert rest == (
        "| rule | tool | findings | files |\n| --- | --- | --- | --- |\n"
        f"| [`F401`]({URL}) | `ruff` | 2 | 2 |\n| `format` | `black` | 1 | 1 |\n"
        "\n### By file\n\n"
        "| file | findings | rules |\n| --- | --- | --- |\n"
        "| `b.py` | 2 | `F401 format` |\n| `a.py` | 1 | `F401` |\n"
        "\n### Findings\n\n"
        "| place | rule | message |  |\n| --- | --- | --- | --- |\n"
        f"| `a.py:1` | [`F401`]({URL}) | `` `os` imported but unused `` |  |\n"
        "| `b.py:3` | `format` | `would be reformatted` |  |\n"
        f"| `b.py:2` | [`F401`]({URL}) | `` `os` imported but unused `` | knock-on |\n"
    )


def test_failures_come_first_in_the_words_of_the_tool() -> None:
    told = verdict(
        finding(),
        failures=(
            Failure(tool="ruff", kind=FailureKind.CRASHED, message="signal 6\n```"),
            Failure(tool="black", kind=FailureKind.UNPARSABLE, message="Cannot parse", path="c.py", line=3),
        ),
    )

    page = markdown.render(told)

    assert page.startswith("## ❌ ganga-quality: 1 finding, 2 failures\n")
    assert page.index("### Failures\n\n`ruff crashed`\n\n````\nsignal 6\n```\n````\n") < page.index("### By rule")
    assert "`c.py` line 3: `black cannot parse this file`\n\n```\nCannot parse\n```\n" in page


def test_a_link_is_only_one_that_cannot_do_harm() -> None:
    assert "javascript" not in markdown.render(verdict(finding(url="javascript:alert(1)")))
    assert "example" not in markdown.render(verdict(finding(url="https://example.org/) [x](http://y")))


def test_thousands_of_findings_are_cut_visibly_below_the_limit() -> None:
    many = [finding(f"{'é' * 400}{line}.py", line, message="x" * 5000) for line in range(1, 4001)]

    page = markdown.render(verdict(*many))

    assert len(page.encode()) <= markdown.LIMIT
    assert page.endswith(" more findings not shown here.\n")
    assert "…and 3,950 more files not shown here.\n" in page


def test_text_that_is_no_ours_is_only_ever_code() -> None:
    page = markdown.render(verdict(finding("@everyone #1 <img>.py", message="http://x www.y <b>", rule="[a](b)")))

    plain = {token.content.strip() for token in _leaves(page) if token.type == "text"}
    assert not [words for words in plain if set("@#<[") & set(words)]


@given(verdicts, st.sampled_from([LIMIT, 5000, markdown.LIMIT]))
def test_any_verdict_is_a_page_of_our_making(told: Verdict, limit: int) -> None:
    page = markdown.render(told, limit=limit)

    assert len(page.encode()) <= limit
    tokens = MARKDOWN.parse(page)
    assert {token.type for token in tokens if token.nesting >= 0} <= {
        "heading_open", "inline", "paragraph_open", "fence",
        "table_open", "thead_open", "tbody_open", "tr_open", "th_open", "td_open",
    }  # fmt: skip
    leaves = list(_leaves(page))
    assert {leaf.type for leaf in leaves} <= {"text", "code_inline", "link_open", "link_close", "softbreak"}
    assert {leaf.attrs["href"] for leaf in leaves if leaf.type == "link_open"} <= {URL}


@given(verdicts)
def test_every_finding_has_its_row(told: Verdict) -> None:
    rows = [token.content for token in MARKDOWN.parse(markdown.render(told)) if token.type == "inline"]

    for found in told.findings:
        place = printable(f"{found.path}:{found.line}")
        if len(found.path) < 100 and not set(place) & set("\\`| "):
            assert f"`{place}`" in rows


def _leaves(page: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(page):
        yield from token.children or ()
