"""``ganga-quality fix``: what ruff can mend safely and how black formats, written to the files of a change."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import Struct
from msgspec.structs import replace

from ganga_quality.changes import Span
from ganga_quality.errors import UsageError
from ganga_quality.findings import CLEAN, FAILED, FINDINGS, Failure, FailureKind
from ganga_quality.fixing.linting import Linter
from ganga_quality.formatting.formatter import included, read_style
from ganga_quality.formatting.patch import patch
from ganga_quality.git.repository import Repository, WorkingTree
from ganga_quality.runners import black, ruff
from ganga_quality.runners.black import Task
from ganga_quality.runners.program import Deadline, Unusable
from ganga_quality.scope.scope import Scope
from ganga_quality.settings import Settings, judged_by


class FixedFile(Struct, frozen=True):
    """One file that is not as it should be."""

    path: str
    before: bytes
    after: bytes


class Fixed(Struct, frozen=True):
    """What was fixed, or would be."""

    files: tuple[FixedFile, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if there was nothing to do, 1 if there was, 3 if any file could not be looked at or written."""
        if self.failures:
            return FAILED
        return FINDINGS if self.files else CLEAN

    def patch(self) -> bytes:
        """What changes, as git would show it, to be applied with ``git apply``."""
        return b"".join(patch(file.path, file.before, file.after) for file in self.files)


class _Source(Struct, frozen=True):
    """One file on its way."""

    path: str
    #: As it is looked at; what lies on disk, unless that is something else.
    before: bytes
    #: As it was mended so far.
    content: bytes
    #: The lines of ``content`` that count; None: all.
    spans: tuple[Span, ...] | None


def fix(repository: Repository, scope: Scope, settings: Settings, *, lint: bool, whole: bool, check: bool) -> Fixed:
    """Mend the files of a scope: ruff's safe fixes if ``lint``, then black; ``check`` writes nothing.

    Only what the change touched, unless everything counts or ``whole`` asks for whole files. Files are replaced at once
    and keep their mode; links are neither followed nor replaced, and a file that somebody changes meanwhile is left to
    them.

    Raises ToolError if black is not here, and UsageError if what is looked at (staged, or a commit) would change and is
    not what lies on disk.
    """
    sources = [_source(repository, scope, path, whole=whole) for path in scope.files]
    tools = judged_by(settings, repository.root)
    failures: list[Failure] = []
    if lint and "ruff" in tools:
        sources = _linted(repository.root, sources, settings, failures)
    if "black" in tools:
        sources = _formatted(repository.root, sources, settings, failures)
    files = [FixedFile(source.path, source.before, source.content) for source in sources]
    files = [file for file in files if file.after != file.before]
    _check_disk(repository, scope, files)
    if not check:
        files = [file for file in files if _written(repository, file, failures)]
    return Fixed(tuple(files), tuple(sorted(failures)))


def _source(repository: Repository, scope: Scope, path: str, *, whole: bool) -> _Source:
    content = repository.read(scope.state, path) or b""
    on_disk = repository.read(WorkingTree(), path) or b""
    # Git may be told to keep other line ends on disk than it stores.
    if on_disk.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n"):
        content = on_disk
    spans = None if whole or scope.changes is None else scope.changes.files[path].places
    return _Source(path, content, content, spans)


def _linted(root: Path, sources: list[_Source], settings: Settings, failures: list[Failure]) -> list[_Source]:
    """The sources with the safe fixes of ruff, which is asked of all at once first: most need none."""
    outcome = ruff.run(root, [source.path for source in sources], settings)
    failures += outcome.failures
    fixable = {finding.path for finding in outcome.findings if finding.fixable}
    if not fixable:
        return sources
    linter = Linter(root, settings)

    def mended(source: _Source) -> _Source | Failure:
        return _mended(linter, source) if source.path in fixable else source

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(_unfailed(sources, threads.map(mended, sources), failures))


def _mended(linter: Linter, source: _Source) -> _Source | Failure:
    try:
        if source.spans is None:
            return replace(source, content=linter.whole(source.path, source.content))
        content, spans = linter.partly(source.path, source.content, source.spans)
    except Unusable as error:
        return Failure(tool=ruff.NAME, kind=error.kind, message=str(error), path=source.path)
    # Where lines were deleted is known only as long as nothing moves.
    return source if content == source.content else replace(source, content=content, spans=spans)


def _formatted(root: Path, sources: list[_Source], settings: Settings, failures: list[Failure]) -> list[_Source]:
    style = read_style(root)
    wanted = [source for source in sources if included(style, source.path)]
    tasks = [Task(source.path, source.content, style, source.spans) for source in wanted]
    answers = dict(zip((task.path for task in tasks), black.rewritten(tasks, Deadline(settings.timeout)), strict=True))
    results = (_reformatted(source, answers.get(source.path, source.content)) for source in sources)
    return list(_unfailed(sources, results, failures))


def _reformatted(source: _Source, answer: bytes | Failure) -> _Source | Failure:
    return answer if isinstance(answer, Failure) else replace(source, content=answer)


def _unfailed(
    sources: Iterable[_Source], results: Iterable[_Source | Failure], failures: list[Failure]
) -> Iterator[_Source]:
    """The results; where there is none, the source as it was."""
    for source, result in zip(sources, results, strict=True):
        if isinstance(result, Failure):
            failures.append(result)
            yield source
        else:
            yield result


def _check_disk(repository: Repository, scope: Scope, files: Iterable[FixedFile]) -> None:
    if isinstance(scope.state, WorkingTree):
        return
    other = [file.path for file in files if repository.read(WorkingTree(), file.path) != file.before]
    if other:
        raise UsageError(
            f"{', '.join(map(repr, other))}: on disk is something else than what is looked at ({scope.description}), so"
            " it cannot be fixed there. Stage or stash the rest (git stash --keep-index), or check out that commit"
        )


def _written(repository: Repository, file: FixedFile, failures: list[Failure]) -> bool:
    """Whether the file was replaced; else there is one more failure."""
    try:
        _replace(repository, file)
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        failures.append(Failure(tool=black.NAME, kind=FailureKind.CRASHED, message=message, path=file.path))
        return False
    return True


def _replace(repository: Repository, file: FixedFile) -> None:
    place = repository.root / file.path
    with NamedTemporaryFile(dir=place.parent, prefix=".ganga-quality-", delete=False) as temporary:
        try:
            os.fchmod(temporary.fileno(), stat.S_IMODE(place.lstat().st_mode))
            temporary.write(file.after)
            temporary.close()
            _check_untouched(repository, file)
            Path(temporary.name).replace(place)
        finally:
            Path(temporary.name).unlink(missing_ok=True)


def _check_untouched(repository: Repository, file: FixedFile) -> None:
    # Reads nothing through a link: what has become one, is something else too.
    if repository.read(WorkingTree(), file.path) != file.before:
        raise OSError(errno.EBUSY, "it was changed meanwhile; run the command again")
