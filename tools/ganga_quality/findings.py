"""What the tools say: findings in the code, failures of the tools themselves, and the verdict over both."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

#: Exit codes of the command line. A failure weighs more than a finding: a crash is never read as clean.
CLEAN, FINDINGS, USAGE, FAILED = 0, 1, 2, 3


class Origin(StrEnum):
    """How a finding came to be."""

    #: It stands on a line that the change wrote.
    CHANGED = "changed"
    #: It stands elsewhere and was not there before the change.
    KNOCK_ON = "knock-on"
    #: It was there before, or nobody asked.
    EXISTING = "existing"


class Finding(Struct, frozen=True, kw_only=True, order=True):
    """One violation at one place of the checked files."""

    #: Relative to the top of the repository, parts joined by ``/``.
    path: str
    #: Counted from 1, as git and editors count: lines end at ``\n``.
    line: int
    #: Counted from 1, in characters.
    column: int = 1
    #: The tool's own word: ``E501``, ``arg-type``; black's is ``format``.
    rule: str
    #: ``ruff``, ``black`` or ``mypy``.
    tool: str
    message: str
    #: The last line that it speaks of, at least ``line``.
    end_line: int
    #: The source line without surrounding blanks: what stays the same when lines above come and go. Empty if unknown.
    text: str = ""
    #: Where the rule is explained, if the tool says so.
    url: str = ""
    #: Whether ``ganga-quality fix`` (with ``--lint`` for ruff's) would mend it.
    fixable: bool = False
    origin: Origin = Origin.EXISTING


class FailureKind(StrEnum):
    """Why there is no answer, or only part of one."""

    MISSING = "missing"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    #: A file that the tool cannot parse; of other files it has spoken.
    UNPARSABLE = "unparsable"


class Failure(Struct, frozen=True, kw_only=True, order=True):
    """One tool that did not answer, or one file that it could not read."""

    tool: str
    kind: FailureKind
    #: What happened, in the tool's own words where it has some, and what to try.
    message: str
    #: The file, if it is about one (always for ``UNPARSABLE``); else empty.
    path: str = ""
    #: Where in the file, counted from 1; 0 if not known.
    line: int = 0


class Outcome(Struct, frozen=True):
    """All that one tool said."""

    findings: tuple[Finding, ...] = ()
    failures: tuple[Failure, ...] = ()

    @classmethod
    def merged(cls, outcomes: Iterable["Outcome"]) -> "Outcome":
        """Everything that several tools said, sorted by place."""
        every = tuple(outcomes)
        findings = sorted({finding for outcome in every for finding in outcome.findings})
        failures = sorted({failure for outcome in every for failure in outcome.failures})
        return cls(tuple(findings), tuple(failures))


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer of ``ganga-quality check``, which every report tells in its own form."""

    #: What was looked at, as a phrase: ``changes since origin/main``.
    scope: str
    #: How many files were looked at.
    files: int
    #: What counts against the change, sorted by place.
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failure, ...] = ()
    #: Wall-clock seconds of each tool that ran.
    seconds: dict[str, float] = {}

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 3 if any tool failed or any file cannot be parsed."""
        if self.failures:
            return FAILED
        return FINDINGS if self.findings else CLEAN
