"""What is looked at: which state, compared with what, and which files of it; and the folders in which the tools see it."""

import os
import posixpath
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ganga_quality.changes import Changes
from ganga_quality.errors import UsageError
from ganga_quality.git import Commit, Index, Repository, State, WorkingTree
from ganga_quality.settings import Settings

#: Names of files that steer the tools wherever they lie.
CONFIGURATION = frozenset({"pyproject.toml", "ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini", "setup.cfg"})

_TO_TRY = "name one with --since, set base in [tool.ganga-quality], or look at everything with --all"


class Request(Struct, frozen=True, kw_only=True):
    """What the command line asked for: at most one of ``all``, ``staged`` and ``since``; none of them: found by itself."""

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
    #: The Python files that are looked at, sorted: those within the settings and the request, and changed if there is a base.
    files: tuple[str, ...]


class _Comparison(Struct, frozen=True):
    """A scope without its files."""

    description: str
    state: State
    base: str | None


def resolve(repository: Repository, settings: Settings, request: Request, environment: Mapping[str, str]) -> Scope:
    """What a request comes to. The environment tells of hooks and of GitHub Actions.

    Raises `UsageError` for a request that contradicts itself, an unknown path or revision, and if nothing is found to compare with.
    """
    if request.all + request.staged + (request.since is not None) > 1:
        raise UsageError("--all, --staged and --since exclude each other; choose one")
    comparison = _comparison(repository, settings, request, environment)
    changes = None if comparison.base is None else repository.changes(comparison.base, comparison.state)
    known = repository.python_files(comparison.state)
    asked = _asked(repository, request, known, changes)
    _check_settings(repository, settings, known)
    files = known if changes is None else tuple(path for path in known if path in changes.files)
    return Scope(
        description=comparison.description,
        state=comparison.state,
        base=comparison.base,
        changes=changes,
        files=tuple(path for path in files if _within(path, settings.paths) and _within(path, asked)),
    )


@contextmanager
def checked_state(repository: Repository, scope: Scope) -> Iterator[Path]:
    """The folder in which the tools see the state: the root itself, if it shows exactly that, else a temporary folder.

    In the root the tools find everything that they are used to, ignored files too, and it costs nothing. But where the disk
    has other Python or configuration files than the state, they would judge what nobody is about to commit: a module that
    exists but was not staged, say, would hide that the import of it will fail for everybody else.
    """
    if isinstance(scope.state, WorkingTree) or repository.on_disk(scope.state):
        yield repository.root
        return
    with _temporary_folder() as folder:
        repository.write_out(scope.state, folder)
        yield folder


@contextmanager
def base_state(repository: Repository, scope: Scope, paths: Iterable[str] | None) -> Iterator[Path]:
    """A temporary folder with the old state: files under their old paths, with the configuration files of that time.

    With ``paths``, the other Python files are there but empty: that a module exists is enough to judge those that are asked for.
    """
    if scope.base is None:
        raise ValueError("a scope in which everything counts has no old state")
    state = Commit(scope.base)
    with _temporary_folder() as folder:
        repository.write_out(state, folder, paths)
        yield folder


def _comparison(
    repository: Repository, settings: Settings, request: Request, environment: Mapping[str, str]
) -> _Comparison:
    if request.all or (request.paths and not request.staged and request.since is None):
        described = "all files" if request.all or not request.paths else ", ".join(request.paths)
        return _Comparison(described, WorkingTree(), None)
    if request.staged:
        return _staged(repository)
    if request.since is not None:
        return _since(repository, request.since)
    return _automatic(repository, settings, environment)


def _automatic(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> _Comparison:
    return (
        _pushed(repository, settings, environment)
        or _pull_request(repository, environment)
        or _about_to_be_committed(repository, environment)
        or _branch(repository, settings, environment)
    )


def _staged(repository: Repository) -> _Comparison:
    head = repository.find_commit("HEAD")
    return _Comparison("staged changes", Index(), head or repository.empty_tree)


def _since(repository: Repository, revision: str) -> _Comparison:
    return _Comparison(f"changes since {revision}", WorkingTree(), repository.merge_base(revision, "HEAD"))


def _pushed(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> _Comparison | None:
    """What pre-commit or prek was asked to look at: mostly what is being pushed."""
    old, new = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    if not old or not new:
        return None
    head = repository.commit(new)
    if not old.strip("0"):
        old = _default_branch(repository, settings, environment)
    return _Comparison(f"changes from {old} to {new}", Commit(head), repository.merge_base(old, head))


def _pull_request(repository: Repository, environment: Mapping[str, str]) -> _Comparison | None:
    """The merge commit that GitHub makes to try a pull request; its first parent is the branch that it would go into."""
    if environment.get("GITHUB_EVENT_NAME") != "pull_request":
        return None
    head = repository.commit("HEAD")
    parents = _parents(repository, head)
    # A workflow may have checked out the branch itself, whose last commit may be a merge too: not GitHub's.
    if len(parents) < 2 or environment.get("GITHUB_SHA", head) != head:  # noqa: PLR2004 - a merge has two parents
        return None
    return _Comparison("changes of the pull request", Commit(head), repository.commit(parents[0]))


def _about_to_be_committed(repository: Repository, environment: Mapping[str, str]) -> _Comparison | None:
    if environment.get("PRE_COMMIT") != "1":
        return None
    comparison = _staged(repository)
    assert comparison.base is not None
    changes = repository.changes(comparison.base, comparison.state)
    return comparison if changes.files or changes.deleted else None


def _branch(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> _Comparison:
    head = repository.find_commit("HEAD")
    if head is None:
        return _Comparison("everything before the first commit", WorkingTree(), repository.empty_tree)
    start = _default_branch(repository, settings, environment)
    base = repository.merge_base(start, head)
    return _Comparison("uncommitted changes" if base == head else f"changes since {start}", WorkingTree(), base)


def _default_branch(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> str:
    """The first that exists of the branches that this one probably goes back to."""
    candidates = ["origin/HEAD", "origin/main", "origin/master", "main", "master"]
    for candidate in [settings.base, *candidates]:
        if candidate and repository.find_commit(candidate):
            return candidate
    raise UsageError(f"found no branch to compare with (tried {', '.join(candidates)}); {_TO_TRY}")


def _parents(repository: Repository, commit: str) -> list[str]:
    """As the commit itself has them: a shallow clone would deny them."""
    header, _, _ = repository.run("cat-file", "commit", commit).partition(b"\n\n")
    return [line.split()[1].decode() for line in header.split(b"\n") if line.startswith(b"parent ")]


def _asked(
    repository: Repository, request: Request, known: tuple[str, ...], changes: Changes | None
) -> tuple[str, ...]:
    """The paths of a request, relative to the root. Raises `UsageError` for one that is nowhere."""
    asked = tuple(_relative(repository.root, request.folder / path) for path in request.paths)
    gone = changes.deleted if changes else frozenset()
    for path, name in zip(asked, request.paths, strict=True):
        if not (os.path.lexists(repository.root / path) or any(_within(file, (path,)) for file in (*known, *gone))):
            raise UsageError(f"{name!r} is neither on disk nor in what is checked; correct the path")
    return asked


def _check_settings(repository: Repository, settings: Settings, known: tuple[str, ...]) -> None:
    for path in settings.paths:
        if not (os.path.lexists(repository.root / path) or any(_within(file, (path,)) for file in known)):
            raise UsageError(
                f"pyproject.toml: [tool.ganga-quality] paths names {path!r}, which is not there; correct it"
            )


def _relative(root: Path, path: Path) -> str:
    """A path as git has it. Its folder may be reached through links; a link itself stays one."""
    place = os.path.normpath(Path.cwd() / path)
    real = os.path.realpath(place) if os.path.isdir(place) else _real_folder(place)
    relative = os.path.relpath(real, os.path.realpath(root))
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        raise UsageError(f"{str(path)!r} lies outside the repository {root}; give a path within")
    return relative


def _real_folder(place: str) -> str:
    folder, name = os.path.split(place)
    return os.path.join(os.path.realpath(folder), name)


def _within(file: str, paths: tuple[str, ...]) -> bool:
    """Whether a file is one of the paths or below one; no paths at all: every file is."""
    if not paths:
        return True
    normal = [posixpath.normpath(path) for path in paths]
    return any(path in {".", file} or file.startswith(path + "/") for path in normal)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ganga-quality-") as folder:
        yield Path(os.path.realpath(folder))
