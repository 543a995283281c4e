"""Verdicts for the tests of reports: ordinary ones, and as hostile as names and messages can be."""

import os

from hypothesis import strategies as st

from ganga_quality.findings import Failure, FailureKind, Finding, Origin, Verdict

#: What somebody would write into a name or a message who wants more from a report than to be shown.
HOSTILE = (
    "\n::error file=x::pwn",
    "\r\n::add-mask::a",
    " ::set-env name=PATH::x",
    "##[error]pwn",
    "a:b,c%0A::warning::x",
    "|", "\\|", "\\\\|", "`", "``` ", "\n```\n", "</details>", "<img src=x onerror=y>", "<!--", "-->",
    "@everyone", "#1", "GH-1", "http://example.org", "www.example.org", "[a](http://example.org)",
    "![a](//example.org/b)", "\x1b[31m", "\x1b]0;title\x07", "\x00", "\x7f", "\x9b2J", "\u202e", "\u2028",
    "\x85", "\udc80", "\ud800", "é", "日本",
)  # fmt: skip


def finding(
    path: str = "a.py",
    line: int = 1,
    *,
    rule: str = "F401",
    tool: str = "ruff",
    message: str = "`os` imported but unused",
    text: str = "import os",
    url: str = "",
    fixable: bool = False,
    origin: Origin = Origin.CHANGED,
    end_line: int | None = None,
) -> Finding:
    return Finding(
        path=path,
        line=line,
        end_line=line if end_line is None else end_line,
        rule=rule,
        tool=tool,
        message=message,
        text=text,
        url=url,
        fixable=fixable,
        origin=origin,
    )


def verdict(*findings: Finding, failures: tuple[Failure, ...] = (), scope: str = "changes since main") -> Verdict:
    return Verdict(scope=scope, files=2, findings=findings, failures=failures, seconds={"ruff": 0.12, "black": 1.0})


texts = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=4).map("".join)
paths = st.one_of(texts.map(lambda text: os.fsencode(_of_bytes(text))), st.binary(max_size=12)).map(
    lambda name: os.fsdecode(name.replace(b"\0", b"")) or "a.py"
)
lines = st.integers(1, 3000)

findings = st.builds(
    Finding,
    path=paths,
    line=lines,
    column=lines,
    end_line=lines,
    rule=st.one_of(st.sampled_from(["F401", "format", "arg-type"]), texts),
    tool=st.sampled_from(["ruff", "black", "mypy"]),
    message=texts,
    text=texts,
    url=st.one_of(st.just("https://docs.astral.sh/ruff/rules/F401"), texts),
    fixable=st.booleans(),
    origin=st.sampled_from(Origin),
)
failures = st.builds(
    Failure,
    tool=st.sampled_from(["ruff", "black", "mypy"]),
    kind=st.sampled_from(FailureKind),
    message=texts,
    path=st.one_of(st.just(""), paths),
    line=st.integers(0, 3000),
)
verdicts = st.builds(
    Verdict,
    scope=texts,
    files=st.integers(0, 3000),
    findings=st.lists(findings, max_size=30).map(tuple),
    failures=st.lists(failures, max_size=15).map(tuple),
    seconds=st.dictionaries(st.sampled_from(["ruff", "black", "mypy"]), st.floats(0, 1000)),
)


def _of_bytes(text: str) -> str:
    """The text without the halves of surrogate pairs that no file name holds."""
    return "".join(char for char in text if not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff")
