"""All findings and suppressions of a state: the debt that a ratchet holds against what it allows."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from ganga_quality.changes import Changes
from ganga_quality.checking.check import check
from ganga_quality.findings import Finding, Origin, Outcome, Verdict
from ganga_quality.git.repository import Repository
from ganga_quality.ratchet.allowances import Allowances, Key, carried, counted, grown
from ganga_quality.ratchet.suppressions import is_suppression, suppressions
from ganga_quality.scope.paths import Selection
from ganga_quality.scope.scope import Scope, checked_state
from ganga_quality.settings import Settings, judged_by

_RULE_OF_RUFF = re.compile(r"[A-Z]+[0-9]+")


class Debt(Struct, frozen=True, kw_only=True, dict=True):
    """What there is in all files of a state that the settings name."""

    #: Its findings are all that there is, suppressions among them.
    verdict: Verdict
    paths: frozenset[str]
    #: The tools that were asked.
    tools: tuple[str, ...]
    #: How the state came about, if that is known.
    changes: Changes | None

    @cached_property
    def there(self) -> Allowances:
        """How much there is."""
        return counted(self.verdict.findings)

    @cached_property
    def renames(self) -> dict[str, str]:
        """Old paths by new ones, of files that the change renamed."""
        changes = self.changes.files.values() if self.changes else ()
        moved = {change.path: change.old_path for change in changes if change.old_path}
        return {new: old for new, old in moved.items() if old != new and old not in self.paths}

    def judged(self, rule: str) -> bool:
        """Whether somebody was asked for findings of this rule."""
        if is_suppression(rule):
            return True
        tool = "black" if rule == "format" else "ruff" if _RULE_OF_RUFF.fullmatch(rule) else "mypy"
        return tool in self.tools

    def moved_to(self, path: str) -> str:
        """Where the file is now that had this path."""
        return {old: new for new, old in self.renames.items()}.get(path, path)

    def carried(self, allowed: Allowances) -> dict[Key, int]:
        """What is allowed now that files were renamed."""
        return carried(allowed, self.renames)

    def grown(self, allowed: Allowances) -> Iterator[Finding]:
        """The findings that there are too many of, those first that stand on lines which the change wrote.

        If those explain the growth, only they: a file that has many of a kind would bury them.
        """
        by_key: defaultdict[Key, list[Finding]] = defaultdict(list)
        for finding in self.verdict.findings:
            by_key[Key(finding.path, finding.rule)].append(self._traced(finding))
        for key, excess in sorted(grown(allowed, self.there).items()):
            written = [finding for finding in by_key[key] if finding.origin is Origin.CHANGED]
            for finding in written if len(written) >= excess else by_key[key]:
                message = f"{finding.message} ({self.there[key]} in this file, {allowed.get(key, 0)} allowed)"
                yield replace(finding, message=message)

    def _traced(self, finding: Finding) -> Finding:
        change = self.changes.files.get(finding.path) if self.changes else None
        return replace(finding, origin=Origin.CHANGED) if change and change.wrote(finding.line) else finding


def count_debt(repository: Repository, scope: Scope, settings: Settings) -> Debt:
    """Count what there is in the state of a scope, whatever files and changes the scope is about."""
    judged = Selection(settings.paths)
    files = tuple(path for path in repository.python_files(scope.state) if path in judged)
    whole = replace(scope, description="all files", base=None, changes=None, files=files)
    said = check(repository, whole, settings)
    comments = Outcome(_suppressions(repository, whole))
    return Debt(
        verdict=replace(said, findings=Outcome.merged((Outcome(said.findings), comments)).findings),
        paths=frozenset(files),
        tools=judged_by(settings, repository.root),
        changes=scope.changes,
    )


def _suppressions(repository: Repository, scope: Scope) -> tuple[Finding, ...]:
    with checked_state(repository, scope) as folder:
        return tuple(found for path in scope.files for found in suppressions((folder / path).read_bytes(), path))
