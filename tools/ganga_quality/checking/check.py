"""``ganga-quality check``: what the tools say, side by side, and what of it the change has to answer for."""

import time
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import cached_property
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from ganga_quality.changes import Changes
from ganga_quality.checking.cache import Cache
from ganga_quality.checking.introduced import introduced
from ganga_quality.checking.old_state import OldState
from ganga_quality.findings import Failure, FailureKind, Finding, Origin, Outcome, Verdict
from ganga_quality.git.repository import Repository
from ganga_quality.runners import program
from ganga_quality.runners.runner import runner
from ganga_quality.scope.paths import Selection
from ganga_quality.scope.scope import CONFIGURATION, Scope, checked_state
from ganga_quality.settings import Settings, Tool, judged_by

_PYTHON = (".py", ".pyi")

#: Seconds between two looks whether all have ended that were told to: one may just be about to start a program.
_BREATH = 0.05


def check(repository: Repository, scope: Scope, settings: Settings) -> Verdict:
    """What counts against the change; if there is none to compare with, against all files of the scope.

    A tool that nothing of the change concerns is not started. Raises `UsageError` for settings that black does not
    know.
    """
    case = _Case(repository=repository, scope=scope, settings=settings)
    tools = [tool for tool in judged_by(settings, repository.root) if case.concerns(tool)]
    if not tools:
        return Verdict(scope=scope.description, files=len(scope.files))
    with checked_state(repository, scope) as folder:
        answers = _side_by_side(tools, _Question(case=case, folder=folder, cache=Cache.of(repository)))
    outcome = Outcome.merged(answer.outcome for answer in answers)
    return Verdict(
        scope=scope.description,
        files=len(scope.files),
        findings=outcome.findings,
        failures=outcome.failures,
        seconds={answer.tool: answer.seconds for answer in answers},
    )


class _Case(Struct, frozen=True, kw_only=True, dict=True):
    """What is to be judged."""

    repository: Repository
    scope: Scope
    settings: Settings

    def concerns(self, tool: Tool) -> bool:
        """Whether anything that was changed can matter to the tool."""
        if self.scope.files or self.configuration:
            return tool == "mypy" or bool(self.files(tool))
        return tool == "mypy" and any(path.endswith(_PYTHON) and path in self._paths for path in self._gone)

    def files(self, tool: Tool) -> tuple[str, ...]:
        """The files that a tool is given: those that changed, or all that are judged if it may concern those."""
        widened = tool == "mypy" or (tool == "ruff" and self.configuration)
        return self.judged if self.scope.changes is not None and widened else self.scope.files

    @cached_property
    def configuration(self) -> tuple[str, ...]:
        """The files that steer the tools and that the change touched."""
        changes = self.scope.changes
        touched: Iterable[str] = (*changes.files, *self._gone) if changes else ()
        return tuple(path for path in touched if PurePosixPath(path).name in CONFIGURATION)

    @cached_property
    def judged(self) -> tuple[str, ...]:
        """All files of the new state that the settings name."""
        return tuple(path for path in self.repository.python_files(self.scope.state) if path in self._paths)

    @cached_property
    def _paths(self) -> Selection:
        return Selection(self.settings.paths)

    @cached_property
    def _gone(self) -> frozenset[str]:
        """Old paths that the new state does not have."""
        changes = self.scope.changes
        if changes is None:
            return frozenset()
        moved = {change.old_path for change in changes.files.values() if change.old_path not in {None, change.path}}
        return changes.deleted | {path for path in moved if path}


class _Answer(Struct, frozen=True):
    """What counts of what one tool said."""

    tool: Tool
    outcome: Outcome
    seconds: float


def _side_by_side(tools: Iterable[Tool], question: "_Question") -> list[_Answer]:
    with ThreadPoolExecutor() as pool:
        futures: list[Future[_Answer]] = [pool.submit(question.answer, tool) for tool in tools]
        try:
            for done in wait(futures, return_when=FIRST_EXCEPTION).done:
                done.result()  # raises what it raised, if it is the one
            return [future.result() for future in futures]
        except BaseException:
            # Whoever has lost patience, or wrote settings that do not work, does not wait for the others.
            while wait(futures, timeout=_BREATH).not_done:
                program.stop_all()
            raise


class _Question(Struct, frozen=True, kw_only=True):
    """What each tool is asked, in the folder that shows the state."""

    case: _Case
    folder: Path
    cache: Cache

    def answer(self, tool: Tool) -> _Answer:
        start = time.monotonic()
        outcome = self._counted(tool, self._said(tool))
        return _Answer(tool, outcome, time.monotonic() - start)

    def _said(self, tool: Tool) -> Outcome:
        """All that the tool says of the new state."""
        changes = self.case.scope.changes
        spans = {path: change.places for path, change in changes.files.items()} if changes else None
        # Ruff's cache goes by the folder, and a temporary one never comes back.
        kept = tool != "ruff" or self.folder == self.case.repository.root
        return runner(tool)(
            self.folder,
            self.case.files(tool),
            self.case.settings,
            cache=self.cache.place(tool) if kept else None,
            spans=spans,
        )

    def _counted(self, tool: Tool, said: Outcome) -> Outcome:
        """What counts of it against the change, or against the files."""
        looked_at = frozenset(self.case.files(tool) if self.case.scope.changes else self.case.scope.files)
        findings = [finding for finding in said.findings if finding.path in looked_at]
        changes = self.case.scope.changes
        if changes is None:
            return Outcome(tuple(findings), said.failures)
        failures = _touched(said.failures, changes)
        if tool == "black":
            # It was only asked for what the change wrote, and the statements around that.
            return Outcome(tuple(replace(finding, origin=Origin.CHANGED) for finding in findings), failures)
        return self._introduced(tool, findings, failures, changes)

    def _introduced(
        self, tool: Tool, findings: Iterable[Finding], failures: tuple[Failure, ...], changes: Changes
    ) -> Outcome:
        before: list[Failure] = []
        old = OldState(
            repository=self.case.repository,
            scope=self.case.scope,
            settings=self.case.settings,
            tool=tool,
            cache=self.cache,
            configuration={path: self._content(path) for path in self.case.configuration},
        )

        def base(paths: frozenset[str]) -> Outcome:
            outcome = old.outcome(paths)
            before.extend(outcome.failures)
            return outcome

        brought = introduced(findings, base, changes)
        return Outcome(brought, (*failures, *_lasting(before, changes)))

    def _content(self, path: str) -> bytes | None:
        return self.case.repository.read(self.case.scope.state, path)


def _touched(failures: Iterable[Failure], changes: Changes) -> tuple[Failure, ...]:
    """Without the files that cannot be parsed and were not touched by the change."""
    return tuple(
        failure for failure in failures if failure.kind is not FailureKind.UNPARSABLE or failure.path in changes.files
    )


def _lasting(failures: Iterable[Failure], changes: Changes) -> tuple[Failure, ...]:
    """Failures on the old state that the change did not mend by touching or removing the file."""
    touched = {change.old_path for change in changes.files.values()} | changes.deleted
    return tuple(
        replace(failure, message=f"of the old state: {failure.message}", path="", line=0)
        for failure in failures
        if failure.kind is not FailureKind.UNPARSABLE and (not failure.path or failure.path not in touched)
    )
