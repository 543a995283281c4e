"""The verdict as a page of GitHub's Markdown: for ``GITHUB_STEP_SUMMARY``, for a pull request, for a file."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter

from msgspec import Struct

from ganga_quality.findings import CLEAN, Failure, Finding, Origin, Verdict
from ganga_quality.report.escaping import cell, code, fenced, printable, shortened
from ganga_quality.report.phrases import by_tool, counted, failed, fix_hint, foremost, headline

#: Bytes of a page; GitHub refuses the summary of a step above 1 MiB.
LIMIT = 1_000_000
#: Bytes that each section keeps for the line that tells what was cut.
_NOTE = 100
#: Characters of one name or message in a table, and of what a tool said when it failed.
_CELL, _WORDS = 300, 4000

_SAFE_URL = re.compile(r"https://[\w.~/#%+=&?-]+", re.ASCII)


class _Section(Struct, frozen=True, kw_only=True):
    """Something to list: at most so many rows, and no more than there is room for."""

    title: str
    #: The lines above the rows: a table's heading, or nothing.
    lead: str = ""
    rows: list[str]
    most: int
    #: What one row shows.
    noun: str

    def fitted(self, room: int) -> str:
        """The section in at most so many bytes, with a note of what was cut; empty if not even the note fits."""
        top = f"\n### {self.title}\n\n{self.lead}"
        left = room - len(top.encode()) - _NOTE
        if left < 0 or not self.rows:
            return ""
        shown = list(_fitting(self.rows[: self.most], left))
        cut = len(self.rows) - len(shown)
        return "".join([top, *shown, f"\n…and {counted(cut, f'more {self.noun}')} not shown here.\n" if cut else ""])


def render(verdict: Verdict, *, limit: int = LIMIT) -> str:
    """The verdict, its failures, its findings counted by rule and by file, then one by one; at most ``limit`` bytes.

    Text that is not ours stands in code spans and fenced blocks only. A limit below 2,000 bytes may be exceeded.
    """
    page = _head(verdict)
    for section in _sections(verdict):
        page += section.fitted(limit - len(page.encode()))
    return page


def _fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    for row in rows:
        room -= len(row.encode())
        if room < 0:
            return
        yield row


def _head(verdict: Verdict) -> str:
    mark = "✅" if verdict.exit_code == CLEAN else "❌"
    looked = f"{counted(verdict.files, 'file')} looked at: {code(shortened(verdict.scope, _CELL))}."
    tools = code(shortened(by_tool(verdict), _CELL))
    words = (looked, tools and f"Tools: {tools}.", fix_hint(verdict))
    return f"## {mark} ganga-quality: {headline(verdict)}\n\n{' '.join(filter(None, words))}\n"


def _sections(verdict: Verdict) -> tuple[_Section, ...]:
    findings = verdict.findings
    return (
        _Section(title="Failures", rows=list(map(_failure, verdict.failures)), most=20, noun="failure"),
        _Section(
            title="By rule",
            lead=_heading("rule", "tool", "findings", "files"),
            rows=list(_by_rule(findings)),
            most=50,
            noun="rule",
        ),
        _Section(
            title="By file",
            lead=_heading("file", "findings", "rules"),
            rows=list(_by_file(findings)),
            most=50,
            noun="file",
        ),
        _Section(
            title="Findings",
            lead=_heading("place", "rule", "message", ""),
            rows=list(map(_finding, foremost(findings))),
            most=1000,
            noun="finding",
        ),
    )


def _by_rule(findings: Iterable[Finding]) -> Iterator[str]:
    for same in _grouped(findings, "tool", "rule"):
        files = {finding.path for finding in same}
        yield _row(_rule(same[0]), _cell(same[0].tool), f"{len(same):,}", f"{len(files):,}")


def _by_file(findings: Iterable[Finding]) -> Iterator[str]:
    for same in _grouped(findings, "path"):
        rules = sorted({finding.rule for finding in same})
        yield _row(_cell(same[0].path), f"{len(same):,}", _cell(" ".join(rules)))


def _grouped(findings: Iterable[Finding], *fields: str) -> list[list[Finding]]:
    """The findings that agree in these fields; the largest group first, equal groups in the order of the fields."""
    groups = defaultdict(list)
    for finding in sorted(findings, key=attrgetter(*fields)):
        groups[attrgetter(*fields)(finding)].append(finding)
    return sorted(groups.values(), key=len, reverse=True)


def _finding(finding: Finding) -> str:
    mark = "knock-on" if finding.origin is Origin.KNOCK_ON else ""
    return _row(_cell(f"{shortened(finding.path, _CELL)}:{finding.line}"), _rule(finding), _cell(finding.message), mark)


def _failure(failure: Failure) -> str:
    line = f" line {failure.line}" if failure.line else ""
    place = f"{code(shortened(failure.path, _CELL))}{line}: " if failure.path else ""
    message = "\n".join(map(printable, failure.message.splitlines()))
    return f"{place}{code(failed(failure))}\n\n{fenced(shortened(message, _WORDS))}\n"


def _rule(finding: Finding) -> str:
    name = _cell(finding.rule)
    return f"[{name}]({finding.url})" if _SAFE_URL.fullmatch(finding.url) else name


def _cell(text: str) -> str:
    return cell(shortened(text, _CELL))


def _heading(*names: str) -> str:
    return _row(*names) + _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"
