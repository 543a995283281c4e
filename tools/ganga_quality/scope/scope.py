"""What is looked at: which state, compared with what, which files of it; and the folders in which tools see it."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ganga_quality.changes import Changes
from ganga_quality.errors import UsageError
from ganga_quality.git.disk import place
from ganga_quality.git.repository import Commit, Repository, State, WorkingTree
from ganga_quality.scope.comparison import Comparison, automatic, since, staged
from ganga_quality.scope.paths import Selection, relative_to
from ganga_quality.settings import Settings

#: Names of the files that steer the tools, in whatever folder they lie.
CONFIGURATION = frozenset({"pyproject.toml", "ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini", "setup.cfg"})


class Request(Struct, frozen=True, kw_only=True):
    """What the command line asked for: at most one of `all`, `staged`, `since`; else it is found by itself."""

    all: bool = False
    staged: bool = False
    since: str | None = None
    #: Files or folders, absolute or relative to ``folder``. Alone they are looked at whole; else they narrow the rest.
    paths: tuple[str, ...] = ()
    #: What ``paths`` are relative to; by default the current folder.
    folder: Path = Path()


class Scope(Struct, frozen=True, kw_only=True):
    """What is looked at."""

    #: As a phrase: ``changes since origin/main``, ``staged changes``, ``all files``.
    description: str
    #: What is checked.
    state: State
    #: The hash of the commit or tree of the old state; None: everything counts.
    base: str | None
    #: None exactly if ``base`` is None.
    changes: Changes | None
    #: The Python files that are looked at, sorted: within the settings and the request, and changed if there is a base.
    files: tuple[str, ...]


def resolve(repository: Repository, settings: Settings, request: Request, environment: Mapping[str, str]) -> Scope:
    """What a request comes to. The environment tells of hooks and of GitHub Actions.

    Raises `UsageError` for a request that contradicts itself, an unknown path or revision, a file in conflict, and if
    there is nothing to compare with.
    """
    if request.all + request.staged + (request.since is not None) > 1:
        raise UsageError("--all, --staged and --since exclude each other; choose one")
    comparison = _comparison(repository, settings, request, environment)
    changes = None if comparison.base is None else repository.changes(comparison.base, comparison.state)
    files = repository.python_files(comparison.state)
    known = (*files, *(changes.deleted if changes else ()))
    asked = _asked(repository.root, request, known)
    judged = _judged(repository.root, settings, known)
    return Scope(
        description=comparison.description,
        state=comparison.state,
        base=comparison.base,
        changes=changes,
        files=tuple(
            path for path in files if path in asked and path in judged and (changes is None or path in changes.files)
        ),
    )


def _comparison(
    repository: Repository, settings: Settings, request: Request, environment: Mapping[str, str]
) -> Comparison:
    if request.staged:
        return staged(repository, environment)
    if request.since is not None:
        return since(repository, request.since)
    if request.all:
        return Comparison("all files", WorkingTree(), None)
    if request.paths:
        return Comparison(", ".join(request.paths), WorkingTree(), None)
    return automatic(repository, settings, environment)


def _asked(root: Path, request: Request, known: tuple[str, ...]) -> Selection:
    asked = Selection(relative_to(root, request.folder / path) for path in request.paths)
    for path in asked.missing(root, known):
        raise UsageError(f"{path!r} is neither on disk nor in what is checked; correct the path")
    return asked


def _judged(root: Path, settings: Settings, known: tuple[str, ...]) -> Selection:
    judged = Selection(settings.paths)
    for path in judged.missing(root, known):
        raise UsageError(f"pyproject.toml: [tool.ganga-quality] paths names {path!r}, which is not there; correct it")
    return judged


@contextmanager
def checked_state(repository: Repository, scope: Scope) -> Iterator[Path]:
    """The folder in which the tools see the state: the root itself if it shows exactly that, else a temporary one.

    In the root the tools find all that they are used to, ignored files too, and nothing has to be written. But where
    the disk has other Python or configuration files than the state, they would judge what nobody is about to commit:
    a module that is there but was not staged would hide that importing it will fail for everybody else. And in a
    sparse checkout the disk need not have the files at all.
    """
    root, state = repository.root, scope.state
    complete = all((root / path).is_file() for path in scope.files)
    if isinstance(state, WorkingTree) or (complete and repository.on_disk(state)):
        yield root
    else:
        with _temporary_folder() as folder:
            repository.write_out(state, folder)
            yield folder


@contextmanager
def base_state(repository: Repository, scope: Scope, paths: Iterable[str] | None) -> Iterator[Path]:
    """A temporary folder with the old state: files under their old paths, and the configuration files of that time.

    With `paths`, all other Python files are there but empty. Tools that judge each file by itself need no more than to
    see that a module exists (ruff sorts imports by it); mypy needs them all.

    Raises `ValueError` if there is no old state.
    """
    if scope.base is None:
        raise ValueError(f"there is no old state: the scope is {scope.description}")
    base = Commit(scope.base)
    with _temporary_folder() as folder:
        if paths is None:
            repository.write_out(base, folder)
        else:
            _write_some(repository, base, folder, frozenset(paths))
        yield folder


def _write_some(repository: Repository, state: Commit, folder: Path, paths: frozenset[str]) -> None:
    known = repository.tool_files(state)
    whole = {path for path in known if path in paths or not _is_python(path)}
    repository.write_out(state, folder, whole)
    for path in known - whole:
        place(folder, path).touch()


def _is_python(path: str) -> bool:
    return path.endswith((".py", ".pyi"))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Private to the user; by its real path, which is what the tools will call it."""
    with tempfile.TemporaryDirectory(prefix="ganga-quality-") as folder:
        yield Path(folder).resolve()
