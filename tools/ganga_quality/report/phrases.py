"""What several reports say in the same words. Pure; nothing is escaped here."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from ganga_quality.findings import CLEAN, Failure, FailureKind, Finding, Origin, Verdict

Level = Literal["error", "warning"]

_WEIGHT = {Origin.CHANGED: 0, Origin.KNOCK_ON: 1, Origin.EXISTING: 2}
_FAILED = {
    FailureKind.MISSING: "is missing",
    FailureKind.CRASHED: "crashed",
    FailureKind.TIMED_OUT: "timed out",
    FailureKind.UNPARSABLE: "cannot parse this file",
}


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(verdict: Verdict) -> str:
    """``Clean``, or how many findings and failures there are."""
    if verdict.exit_code == CLEAN:
        return "Clean"
    words = counted(len(verdict.findings), "finding")
    knock_ons = sum(finding.origin is Origin.KNOCK_ON for finding in verdict.findings)
    if knock_ons:
        words += f" ({counted(knock_ons, 'knock-on')})"
    return f"{words}, {counted(len(verdict.failures), 'failure')}" if verdict.failures else words


def by_tool(verdict: Verdict) -> str:
    """``black 2 in 0.8 s, ruff 3 in 0.1 s``; empty if no tool ran."""
    counts = Counter(finding.tool for finding in verdict.findings)
    return ", ".join(
        f"{tool} {counts[tool]:,}" + (f" in {verdict.seconds[tool]:.1f} s" if tool in verdict.seconds else "")
        for tool in sorted(counts.keys() | verdict.seconds.keys())
    )


def summary(verdict: Verdict) -> str:
    """The verdict in one line: what was found, where it was looked for, by which tools and in what time."""
    tools = by_tool(verdict)
    joint = ":" if verdict.exit_code == CLEAN else " in"
    return f"{headline(verdict)}{joint} {counted(verdict.files, 'file')}, {verdict.scope}{tools and f' ({tools})'}"


def fix_hint(verdict: Verdict) -> str:
    """Which command mends how many of the findings; empty if it would mend none."""
    fixable = Counter(finding.tool == "black" for finding in verdict.findings if finding.fixable)
    formatting, lint = fixable[True], fixable[False]
    if formatting:
        more = f", with --lint {lint:,} more" if lint else ""
        return f'"ganga-quality fix" mends {formatting:,} of them{more}.'
    return f'"ganga-quality fix --lint" mends {lint:,} of them.' if lint else ""


def failed(failure: Failure) -> str:
    """``ruff crashed``, ``black cannot parse this file``."""
    return f"{failure.tool} {_FAILED[failure.kind]}"


def foremost(findings: Iterable[Finding]) -> list[Finding]:
    """Those on lines that the change wrote, then the knock-ons, then the rest; in each group as they came."""
    return sorted(findings, key=lambda finding: _WEIGHT[finding.origin])


def level(finding: Finding) -> Level:
    """``warning`` for what a command mends, ``error`` for what needs a person."""
    return "warning" if finding.fixable else "error"
