"""The repository: which files a state has, what lies between two states, and how to write one out.

A state is the folder on disk, the index, or a commit. Whatever git is asked, the user's configuration cannot change the form
of the answer, and nothing that git knows of the work tree, the index or the branches is changed.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from msgspec import Struct

from ganga_quality.changes import Changes
from ganga_quality.diff import Difference, read_differences, to_changes
from ganga_quality.errors import ToolError, UsageError

#: Which files are Python's, as git's patterns: they match in every folder.
PYTHON = ("*.py", "*.pyi")
#: What else steers the tools.
SETTINGS = ("*.toml", "*.ini", "*.cfg", "*py.typed", "*.gitignore")

#: Seconds; far more than any question should take, also where git has to fetch what a partial clone left out.
_TIME_LIMIT = 600

#: Before each command: what of the user's configuration could change an answer, run a program or write to the index.
_OPTIONS = (
    "--no-pager",
    *("-c", "core.quotePath=true"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "submodule.recurse=false"),
)
#: The plumbing takes hardly anything from the configuration; this is said so that nothing is left to it. A rename keeps half.
_DIFF_OPTIONS = (
    *("-p", "-U0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "--indent-heuristic"),
    *("--find-renames=50%", "-l1000", "--ignore-submodules=all", "--submodule=short"),
)
#: Variables that would change how a diff looks or how paths are read. Those that say where the repository and its index are
#: stay: in a hook, the index of the commit to be is not always the repository's own.
_UNWANTED = frozenset(
    {
        "GIT_DIFF_OPTS",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
    }
)
_FIXED = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}

_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_REGULAR = frozenset({b"100644", b"100755"})
_LINK = b"120000"


class WorkingTree(Struct, frozen=True):
    """The files as they lie on disk, with untracked ones that are not ignored."""


class Index(Struct, frozen=True):
    """What is staged; in a hook, what is about to be committed."""


class Commit(Struct, frozen=True):
    """What a commit or a tree holds."""

    #: The full hash.
    revision: str


State = WorkingTree | Index | Commit


class _Entry(Struct, frozen=True):
    """One file of the index or of a commit."""

    mode: bytes
    blob: bytes


class Repository(Struct, frozen=True, kw_only=True):
    """A git work tree. All paths are relative to its root, with parts joined by ``/``."""

    root: Path
    #: The hash of the tree without files, which git knows without storing it.
    empty_tree: str

    @classmethod
    def discover(cls, folder: Path) -> "Repository":
        """The repository around a folder.

        Raises `UsageError` outside a work tree and in a repository without one, `ToolError` if git is missing.
        """
        asked = _git(folder, ("rev-parse", "--show-toplevel", "--show-object-format"))
        if asked.returncode:
            raise UsageError(f"{folder} is not in the work tree of a git repository ({_words(asked)}); go to one")
        root, object_format = asked.stdout.removesuffix(b"\n").rsplit(b"\n", 1)
        return cls(root=Path(os.fsdecode(root)), empty_tree=_EMPTY_TREES[object_format.decode()])

    def run(
        self, *arguments: str, environment: Mapping[str, str] | None = None, input: bytes = b""
    ) -> bytes:  # noqa: A002 - as subprocess calls it
        """What git answers, asked at the root; the environment is added to the own. Raises `ToolError` with git's words."""
        done = _git(self.root, arguments, environment, input)
        if done.returncode:
            raise ToolError(f"git {arguments[0]} failed with exit code {done.returncode}: {_words(done)}")
        return done.stdout

    def find_commit(self, revision: str) -> str | None:
        """The full hash of the commit that a revision names; None if there is none."""
        if revision.startswith("-") or "\0" in revision:
            return None
        asked = _git(self.root, ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
        return None if asked.returncode else asked.stdout.decode().strip()

    def commit(self, revision: str) -> str:
        """The full hash of the commit that a revision names. Raises `UsageError` if there is none."""
        found = self.find_commit(revision)
        if found is None:
            raise UsageError(
                f"{revision!r} names no commit of {self.root}; check the name, or fetch it"
                " (git fetch; with actions/checkout: fetch-depth: 0)"
            )
        return found

    def merge_base(self, one: str, other: str) -> str:
        """The full hash of the commit where two histories parted. Raises `UsageError` if they have none in common here."""
        base = _git(self.root, ("merge-base", self.commit(one), self.commit(other)))
        if base.returncode:
            raise UsageError(
                f"{one!r} and {other!r} have no commit in common here; if the clone is shallow, fetch its history"
                " (git fetch --unshallow; with actions/checkout: fetch-depth: 0)"
            )
        return base.stdout.split()[0].decode()

    def python_files(self, state: State) -> tuple[str, ...]:
        """The Python files of a state, sorted: regular files only, no links and nothing of submodules."""
        if not isinstance(state, WorkingTree):
            return tuple(sorted(path for path, entry in self._entries(state, PYTHON).items() if entry.mode in _REGULAR))
        asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PYTHON)
        known = {os.fsdecode(path) for path in self.run(*asked).split(b"\0")[:-1]}
        return tuple(sorted(filter(_regular_below(self.root), known)))

    def changes(self, base: str, state: State) -> Changes:
        """What lies between a commit or tree and a state.

        A file that moved is a rename also if nobody told git so: on disk, changes are those that staging all would stage.
        Raises `UsageError` for a file in conflict.
        """
        if isinstance(state, Commit):
            return self._compare(("diff-tree", "-r", base, state.revision))
        if isinstance(state, Index):
            return self._compare(("diff-index", "--cached", "--ita-invisible-in-index", base))
        with self._index_of_disk() as environment:
            return self._compare(("diff-index", base), environment)

    def renames(self, base: str, state: State) -> dict[str, str]:
        """The old paths of the files that were renamed, by their new paths."""
        changes = self.changes(base, state).files.values()
        return {change.path: change.old_path for change in changes if change.old_path not in {None, change.path}}

    def on_disk(self, state: State) -> bool:
        """Whether the disk shows exactly this state, in all that the tools read."""
        if isinstance(state, WorkingTree):
            return True
        if self._untracked():
            return False
        asked = ("diff-files",) if isinstance(state, Index) else ("diff-index", state.revision)
        difference = self._compare(asked, patterns=(*PYTHON, *SETTINGS))
        return not (difference.files or difference.deleted)

    def write_out(self, state: Commit | Index, folder: Path, paths: Iterable[str] | None = None) -> None:
        """Write files of a state into an empty folder, byte by byte as git has them; None: all that the tools read.

        Git's own checkout would run the filters that the user or the repository has set up, which may run anything.
        Links come last, so that no file is written through one. Raises `ToolError` for a path that leads out of the folder.
        """
        entries = self._entries(state, (*PYTHON, *SETTINGS) if paths is None else ())
        if paths is not None:
            wanted = frozenset(paths)
            entries = {path: entry for path, entry in entries.items() if path in wanted}
        plain = {path: entry for path, entry in entries.items() if entry.mode in _REGULAR}
        links = {path: entry for path, entry in entries.items() if entry.mode == _LINK}
        for path, content in self._contents(plain):
            _place(folder, path).write_bytes(content)
        for path, content in self._contents(links):
            _place(folder, path).symlink_to(os.fsdecode(content))

    def read(self, state: State, path: str) -> bytes | None:
        """The bytes of a regular file, as they lie on disk or as git has them; None if the state has no such file."""
        if isinstance(state, WorkingTree):
            file = self.root / path
            return file.read_bytes() if _regular_below(self.root)(path) else None
        entries = self._entries(state, (f":(literal){path}",))
        entry = entries.get(path)
        if entry is None or entry.mode not in _REGULAR:
            return None
        return next(content for _, content in self._contents({path: entry}))

    def _compare(
        self, command: tuple[str, ...], environment: Mapping[str, str] | None = None, patterns: tuple[str, ...] = ()
    ) -> Changes:
        differences = self._differences((*command, *_DIFF_OPTIONS, "--", *patterns), environment)
        # An attribute or a zero byte makes git silent about lines. Python sources are text, whatever anybody says.
        silent = [
            difference for difference in differences if difference.binary and difference.path.endswith((".py", ".pyi"))
        ]
        if silent:
            names = {path for difference in silent for path in (difference.path, difference.old_path) if path}
            literal = (f":(literal){path}" for path in sorted(names))
            differences += self._differences((*command, *_DIFF_OPTIONS, "--text", "--", *literal), environment)
        return to_changes(differences)

    def _differences(self, arguments: tuple[str, ...], environment: Mapping[str, str] | None) -> list[Difference]:
        return list(read_differences(self.run(*arguments, environment=environment)))

    @contextmanager
    def _index_of_disk(self) -> Iterator[dict[str, str]]:
        """The environment of an index that also knows the untracked files, without their content: git then sees them."""
        untracked = self._untracked()
        if not untracked:
            yield {}
            return
        with tempfile.TemporaryDirectory(prefix="ganga-quality-") as folder:
            index = self.root / os.fsdecode(self.run("rev-parse", "--git-path", "index").removesuffix(b"\n"))
            environment = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            if index.exists():
                shutil.copyfile(index, environment["GIT_INDEX_FILE"])
            command = ("add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
            self.run("--literal-pathspecs", *command, environment=environment, input=b"\0".join(untracked))
            yield environment

    def _untracked(self) -> list[bytes]:
        """Untracked files that the tools may read. A repository within this one is told with a slash at its end: not ours."""
        asked = ("ls-files", "-z", "--others", "--exclude-standard", "--", *PYTHON, *SETTINGS)
        return [path for path in self.run(*asked).split(b"\0")[:-1] if not path.endswith(b"/")]

    def _entries(self, state: Commit | Index, patterns: tuple[str, ...]) -> dict[str, _Entry]:
        """The files of a state by path, told as what it has more than an empty tree: this leaves out what is not yet staged."""
        cached = ("diff-index", "--cached", "--ita-invisible-in-index", self.empty_tree)
        command = cached if isinstance(state, Index) else ("diff-tree", "-r", self.empty_tree, state.revision)
        told = self.run(*command, "--raw", "-z", "--no-renames", "--no-abbrev", "--", *patterns).split(b"\0")
        return {os.fsdecode(path): _entry(fields) for fields, path in zip(told[:-1:2], told[1::2], strict=True)}

    def _contents(self, entries: Mapping[str, _Entry]) -> Iterator[tuple[str, bytes]]:
        blobs = b"".join(entry.blob + b"\n" for entry in entries.values())
        answer = self.run("cat-file", "--batch", input=blobs) if entries else b""
        at = 0
        for path in entries:
            start = answer.index(b"\n", at) + 1
            kind = answer[at : start - 1].split()
            if kind[1] != b"blob":
                raise ToolError(f"git cannot read {path!r}: {kind}; is the repository damaged? try git fsck")
            at = start + int(kind[2]) + 1
            yield path, answer[start : at - 1]


def _entry(fields: bytes) -> _Entry:
    """``:OLD_MODE MODE OLD_BLOB BLOB STATUS``."""
    _, mode, _, blob, _ = fields.split()
    return _Entry(mode, blob)


def _regular_below(root: Path) -> Callable[[str], bool]:
    """Tells of a path whether it is a regular file on disk that is reached through no link, as git would see it."""

    @cache
    def is_folder(path: str) -> bool:
        return not path or (is_folder(os.path.dirname(path)) and stat.S_ISDIR(_mode(root, path)))

    return lambda path: is_folder(os.path.dirname(path)) and stat.S_ISREG(_mode(root, path))


def _mode(root: Path, path: str) -> int:
    """The mode of what lies there; 0 if nothing does."""
    try:
        return os.lstat(os.path.join(root, path)).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _place(folder: Path, path: str) -> Path:
    """Where a file is to be written; its folder is made."""
    if path.startswith("/") or ".." in path.split("/"):
        raise ToolError(f"the repository has a path that leads out of it: {path!r}; git fsck tells more")
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _git(
    folder: Path, arguments: Iterable[str], environment: Mapping[str, str] | None = None, content: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    command = ("git", "-C", str(folder), *_OPTIONS, *arguments)
    try:
        return subprocess.run(  # noqa: S603 - no shell, and no argument of ours is read as an option by accident
            command,
            input=content,
            capture_output=True,
            check=False,
            timeout=_TIME_LIMIT,
            env={**inherited, **_FIXED, **(environment or {})},
        )
    except FileNotFoundError as error:
        raise ToolError("git is not there; install it, or put it on the PATH") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"git {' '.join(arguments)} did not run: {error}") from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip() or "it says nothing"
