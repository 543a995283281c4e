"""What a tool says of the state before the change: asked for when it matters, and remembered."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from ganga_quality.checking.cache import Cache
from ganga_quality.findings import FailureKind, Outcome
from ganga_quality.git.repository import Commit, Repository
from ganga_quality.runners import program
from ganga_quality.runners.runner import runner
from ganga_quality.scope.paths import Selection
from ganga_quality.scope.scope import Scope, base_state
from ganga_quality.settings import Settings, Tool

#: What mypy says of one file hangs on all others, so it is asked for, and remembered, as a whole.
_WHOLE = ""


class OldState(Struct, frozen=True, kw_only=True):
    """The old state of a scope that has one, as one tool sees it."""

    repository: Repository
    scope: Scope
    settings: Settings
    tool: Tool
    cache: Cache
    #: The configuration files that the change touched, as they are now; None: the change removed it.
    configuration: Mapping[str, bytes | None]

    def outcome(self, paths: frozenset[str]) -> Outcome:
        """All that the tool says of these files of the old state; nothing of those that it did not have.

        If the tool fails, what it says is not whole.
        """
        wanted = frozenset({_WHOLE}) if self.tool == "mypy" else paths
        key = self._key()
        memory = self.cache.remembered(key)
        unknown = wanted - memory.keys()
        if unknown:
            asked = self._asked(unknown)
            if _failed(asked):
                return asked
            memory |= {path: _of(path, asked) for path in unknown}
            self.cache.remember(key, memory)
        return Outcome.merged(memory[path] for path in wanted)

    def _key(self) -> str:
        """All that an answer depends on. The configuration is part of the old state itself."""
        return repr((self.tool, self.scope.base, _installed(self.tool), self.settings.mypy, self.settings.paths))

    def _asked(self, paths: frozenset[str]) -> Outcome:
        with base_state(self.repository, self.scope, None if _WHOLE in paths else paths) as folder:
            outcome = self._run(folder, paths)
            if not _failed(outcome) or not self.configuration:
                return outcome
            # The old configuration may ask for a version that is no longer installed. The new one does not.
            for name, content in self.configuration.items():
                _place(folder / name, content)
            return self._run(folder, paths)

    def _run(self, folder: Path, paths: frozenset[str]) -> Outcome:
        known = self.repository.python_files(Commit(self.scope.base or ""))
        wanted = Selection(self.settings.paths) if _WHOLE in paths else paths
        files = [path for path in known if path in wanted]
        return runner(self.tool)(folder, files, self.settings, cache=self._tool_cache())

    def _tool_cache(self) -> Path | None:
        """Mypy's alone: ruff's goes by the folder, which is another one each time."""
        if self.tool != "mypy":
            return None
        own, new = self.cache.place("mypy-old"), self.cache.place("mypy")
        if own is not None and new is not None and not own.exists():
            # The states have nearly everything in common, so what mypy has just learnt need not be learnt again.
            with suppress(OSError):
                shutil.copytree(new, own)
        return own


def _failed(outcome: Outcome) -> bool:
    return any(failure.kind is not FailureKind.UNPARSABLE for failure in outcome.failures)


def _of(path: str, outcome: Outcome) -> Outcome:
    """What was said of one path."""
    return Outcome(
        tuple(finding for finding in outcome.findings if path in {_WHOLE, finding.path}),
        tuple(failure for failure in outcome.failures if path in {_WHOLE, failure.path}),
    )


def _installed(tool: Tool) -> tuple[object, ...]:
    """Which version that is, without asking it; for mypy also what it finds installed, for it judges by that too."""
    file = program.find(tool)
    status = file.stat()
    packages = file.parent.parent.glob("lib/python3*/site-packages/*.dist-info") if tool == "mypy" else ()
    return str(file), status.st_size, status.st_mtime_ns, sorted(package.name for package in packages)


def _place(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
