"""Comments that keep the tools silent are found, and nothing that only looks like one."""

import tokenize
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ganga_quality
from ganga_quality.findings import Finding
from ganga_quality.ratchet.suppressions import _comments, is_suppression, suppressions


def rules(source: str) -> list[str]:
    return [found.rule for found in suppressions(source.encode(), "a.py")]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", ["noqa"]),
        ("#NoQA", ["noqa"]),
        ("# why # noqa: E501", ["noqa:E501"]),
        ("# noqa : e501, W291 - long", ["noqa:E501", "noqa:W291"]),
        ("# noqa:E501 W291", ["noqa:E501", "noqa:W291"]),
        ("# noqa - for a reason", ["noqa"]),
        ("# noqarity", []),
        ("# no noqa", []),
        ("# ruff: noqa", ["file-noqa"]),
        ("# flake8: noqa: F401", ["file-noqa:F401"]),
        ("# ruff: disable[E501, F401]", ["ruff-disable:E501", "ruff-disable:F401"]),
        ("# ruff: enable[E501]", []),
        ("# ruff: ignore[E501]", ["ruff-ignore:E501"]),
        ("# ruff: file-ignore[unused-import]", ["ruff-ignore:unused-import"]),
        ("# type: ignore", ["type-ignore"]),
        ("# type:ignore[arg-type, misc]  # noqa", ["noqa", "type-ignore:arg-type", "type-ignore:misc"]),
        ("# type: ignored", []),
        ("# type: int", []),
        ("# mypy: ignore-errors", ["mypy:ignore-errors"]),
        ("# mypy: ignore-errors=True, strict", ["mypy:ignore-errors"]),
        (
            '# mypy: disable-error-code="misc, attr-defined"',
            ["mypy:disable-error-code=attr-defined", "mypy:disable-error-code=misc"],
        ),
        ("# mypy: disallow-untyped-defs, strict", []),
        ("# mypy: allow-untyped-defs", ["mypy:allow-untyped-defs"]),
        ("# fmt: off", ["fmt:off"]),
        ("# fmt: on", []),
        ("# fmt:skip", ["fmt:skip"]),
        ("# yapf: disable", ["yapf:disable"]),
        ("# isort:skip_file", ["isort:skip_file"]),
        ("# isort: skip", ["isort:skip"]),
    ],
)
def test_each_form_has_its_rule(comment: str, expected: list[str]) -> None:
    assert sorted(rules(f"x = 1  {comment}\n")) == expected
    assert all(map(is_suppression, expected))


@pytest.mark.parametrize("rule", ["E501", "arg-type", "format", "misc"])
def test_rules_of_the_tools_are_none(rule: str) -> None:
    assert not is_suppression(rule)


@pytest.mark.parametrize(
    "source",
    [
        'x = "# noqa"\n',
        "x = '''\n# noqa\n'''\n",
        'x = """\n\\""" # noqa\n"""\n',
        "x = r'\\' # noqa'\n",
        "x = 'a\\\n# noqa'\n",
        'x = f"{y} # noqa"\n',
        "noqa = 1\n",
    ],
)
def test_a_string_is_no_comment(source: str) -> None:
    assert rules(source) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 'a # noqa\ny = '\n", ["noqa"]),
        ("print 'a' # noqa\n", ["noqa"]),
        ("x = ( # noqa\n", ["noqa"]),
        ("x = '''a\ny = 1 # noqa", ["noqa"]),
        ('"""\\noqa', []),
    ],
)
def test_what_does_not_parse_is_counted_all_the_same(source: str, expected: list[str]) -> None:
    assert rules(source) == expected


def test_a_finding_tells_where_and_what() -> None:
    assert suppressions(b"'''\n\r\n'''; x = 1\ry = 2 # noqa: E501\n", "a.py") == (
        Finding(
            path="a.py",
            line=3,
            rule="noqa:E501",
            tool="suppressions",
            message="keeps the tools silent: # noqa: E501",
            end_line=3,
            text="# noqa: E501",
        ),
    )


@pytest.mark.parametrize("file", sorted(Path(ganga_quality.__file__).parent.rglob("*.py")), ids=lambda file: file.name)
def test_the_comments_are_those_of_pythons_own_tokenizer(file: Path) -> None:
    source = file.read_bytes()
    tokens = tokenize.tokenize(BytesIO(source).readline)
    expected = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    assert list(_comments(source)) == expected


@given(source=st.text(alphabet="'\"\\#\n\r a", max_size=40))
def test_no_source_is_too_odd(source: str) -> None:
    for found in suppressions((source + "# noqa").encode(), "a.py"):
        assert 1 <= found.line <= source.count("\n") + 1


@pytest.mark.parametrize("piece", [b"\\", b"'''\\", b'"', b"#", b"'\\\n"])
def test_hostile_sources_cost_no_more_than_their_length(piece: bytes) -> None:
    """With the square of it this would take days."""
    suppressions(b"# noqa\n" + piece * (4_000_000 // len(piece)), "a.py")
