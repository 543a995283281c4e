"""The repository: which files a state has, what lies between two states, and how to write one out.

A state is the folder on disk, the index, or a commit. Asking changes neither work tree nor index nor branches.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ganga_quality.changes import Changes
from ganga_quality.errors import ToolError, UsageError
from ganga_quality.git.diff import read_differences, to_changes
from ganga_quality.git.disk import place, read_regular, regular_ones
from ganga_quality.git.plumbing import DIFF_OPTIONS, ask, words

#: Which files are Python's, as git's patterns, which match in every folder.
PYTHON = ("*.py", "*.pyi")
#: What else the tools read.
SETTINGS = ("*.toml", "*.ini", "*.cfg", "*py.typed", "*.gitignore")

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
    #: What its hashes are: ``sha1`` or ``sha256``.
    object_format: str

    @classmethod
    def discover(cls, folder: Path) -> "Repository":
        """The repository around a folder.

        Raises `UsageError` outside a work tree and in a repository that has none, `ToolError` if git is missing.
        """
        answer = ask(folder, ("rev-parse", "--show-toplevel", "--show-object-format"))
        if answer.returncode:
            raise UsageError(f"{folder} is not in the work tree of a git repository; go to one (git: {words(answer)})")
        root, object_format = answer.stdout.removesuffix(b"\n").rsplit(b"\n", 1)
        return cls(root=Path(os.fsdecode(root)), object_format=object_format.decode())

    @property
    def empty_tree(self) -> str:
        """The hash of the tree without files, which git knows without storing it."""
        return hashlib.new(self.object_format, b"tree 0\0", usedforsecurity=False).hexdigest()

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, content: bytes = b"") -> bytes:
        """What git answers at the root; the environment is added to the own. Raises `ToolError` with git's words."""
        answer = ask(self.root, arguments, environment=environment, content=content)
        if answer.returncode:
            raise ToolError(f"git {arguments[0]} failed: {words(answer)}")
        return answer.stdout

    def find_commit(self, revision: str) -> str | None:
        """The full hash of the commit that a revision names; None if there is none."""
        if revision.startswith("-"):
            return None
        answer = ask(self.root, ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
        return None if answer.returncode else answer.stdout.decode().strip()

    def commit(self, revision: str) -> str:
        """The full hash of the commit that a revision names. Raises `UsageError` if there is none."""
        found = self.find_commit(revision)
        if found is None:
            raise UsageError(
                f"{revision!r} names no commit in {self.root}; correct the name, or fetch it"
                " (git fetch; with actions/checkout: fetch-depth: 0)"
            )
        return found

    def merge_base(self, one: str, other: str) -> str:
        """The full hash of the commit where two histories parted. Raises `UsageError` if there is none here."""
        answer = ask(self.root, ("merge-base", "--", one, other))
        if answer.returncode == 0:
            return answer.stdout.decode().strip()
        commits = f"{one!r} ({self.commit(one)[:12]}) and {other!r} ({self.commit(other)[:12]})"
        raise UsageError(
            f"{commits} have no commit in common here; if the clone is shallow, fetch its history"
            " (git fetch --unshallow; with actions/checkout: fetch-depth: 0)"
        )

    def python_files(self, state: State) -> tuple[str, ...]:
        """The Python files of a state, sorted: regular files only, no links and nothing of submodules."""
        if not isinstance(state, WorkingTree):
            return tuple(sorted(path for path, entry in self._entries(state, PYTHON).items() if entry.mode in _REGULAR))
        answer = self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PYTHON)
        return tuple(sorted(regular_ones(self.root, {os.fsdecode(path) for path in answer.split(b"\0")[:-1]})))

    def tool_files(self, state: Commit | Index) -> frozenset[str]:
        """All files of a state that the tools read, for what they are or for what they configure."""
        return frozenset(self._entries(state, (*PYTHON, *SETTINGS)))

    def changes(self, base: str, state: State) -> Changes:
        """What lies between a commit or tree and a state.

        A file that moved is a rename also if nobody told git so: changes on disk are what staging all would stage.
        Raises `UsageError` for a file in conflict.
        """
        if isinstance(state, Commit):
            return self._compare(("diff-tree", "-r", base, state.revision))
        if isinstance(state, Index):
            return self._compare(("diff-index", "--cached", "--ita-invisible-in-index", base))
        with self._index_of_disk() as environment:
            return self._compare(("diff-index", base), environment=environment)

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
        command = ("diff-files",) if isinstance(state, Index) else ("diff-index", state.revision)
        changes = self._compare(command, patterns=(*PYTHON, *SETTINGS))
        return not (changes.files or changes.deleted)

    def write_out(self, state: Commit | Index, folder: Path, paths: Iterable[str] | None = None) -> None:
        """Write files of a state into an empty folder, byte by byte as git has them; None: all that the tools read.

        Git's own checkout would run the filters that are configured, and so any program. Links come last, so that
        no file is written through one. Raises `ToolError` if that fails, and for a path that leads out of the folder.
        """
        wanted = self.tool_files(state) if paths is None else frozenset(paths)
        entries = {path: entry for path, entry in self._entries(state).items() if path in wanted}
        self._fetch(state)
        plain = {path: entry for path, entry in entries.items() if entry.mode in _REGULAR}
        links = {path: entry for path, entry in entries.items() if entry.mode == _LINK}
        try:
            for path, content in self._contents(plain):
                place(folder, path).write_bytes(content)
            for path, content in self._contents(links):
                place(folder, path).symlink_to(os.fsdecode(content))
        except OSError as error:
            raise ToolError(f"cannot write to {folder}: {error}; free space there, or set TMPDIR") from error

    def read(self, state: State, path: str) -> bytes | None:
        """The bytes of a regular file, as on disk or as git has them; None if the state has no such file."""
        if isinstance(state, WorkingTree):
            return read_regular(self.root, path)
        found = {
            path: entry for path, entry in self._entries(state, (_literal(path),)).items() if entry.mode in _REGULAR
        }
        return dict(self._contents(found)).get(path)

    def git_path(self, name: str) -> Path:
        """Where git keeps a file of its own, which in a hook or a second work tree may be elsewhere than usual."""
        return self.root / os.fsdecode(self.run("rev-parse", "--git-path", name).removesuffix(b"\n"))

    def _compare(
        self, command: tuple[str, ...], *, environment: Mapping[str, str] | None = None, patterns: tuple[str, ...] = ()
    ) -> Changes:
        patch = self.run(*command, *DIFF_OPTIONS, "--", *patterns, environment=environment)
        differences = list(read_differences(patch))
        # An attribute or a zero byte makes git silent about lines. Python sources are text, whatever anybody says.
        silent = [found for found in differences if found.binary and found.path.endswith((".py", ".pyi"))]
        if silent:
            names = {_literal(path) for found in silent for path in (found.path, found.old_path) if path}
            patch = self.run(*command, *DIFF_OPTIONS, "--text", "--", *sorted(names), environment=environment)
            differences += read_differences(patch)
        return to_changes(differences)

    @contextmanager
    def _index_of_disk(self) -> Iterator[dict[str, str]]:
        """The environment of an index that also names the untracked files, so that git compares them too."""
        untracked = self._untracked()
        if not untracked:
            yield {}
            return
        blob = hashlib.new(self.object_format, b"blob 0\0", usedforsecurity=False).hexdigest().encode()
        added = b"".join(b"100644 %s 0\t%s\0" % (blob, path) for path in untracked)
        with tempfile.TemporaryDirectory(prefix="ganga-quality-") as folder:
            environment = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            index = self.git_path("index")
            if index.exists():
                # With its time: by that, git knows which files may have changed in the moment after it was written.
                shutil.copy2(index, environment["GIT_INDEX_FILE"])
            self.run("update-index", "-z", "--index-info", environment=environment, content=added)
            yield environment

    def _untracked(self) -> list[bytes]:
        """Untracked files that the tools may read. A repository within this one ends with a slash: not ours."""
        answer = self.run("ls-files", "-z", "--others", "--exclude-standard", "--", *PYTHON, *SETTINGS)
        return [path for path in answer.split(b"\0")[:-1] if not path.endswith(b"/")]

    def _entries(self, state: Commit | Index, patterns: tuple[str, ...] = ()) -> dict[str, _Entry]:
        """The files of a state: what it has more than an empty tree has.

        Asked like this, git leaves out what is only intended to be added.
        """
        answer = self.run(*self._listing(state), "--raw", "-z", "--no-abbrev", "--", *patterns)
        told = answer.split(b"\0")
        return {os.fsdecode(path): _entry(fields) for fields, path in zip(told[:-1:2], told[1::2], strict=True)}

    def _fetch(self, state: Commit | Index) -> None:
        """Have git fetch at once what a partial clone left out, as it does for a diff; else each file is a fetch."""
        if ask(self.root, ("config", "--get-regexp", r"^remote\..*\.promisor$")).returncode == 0:
            self.run(*self._listing(state), "--shortstat", "--", *PYTHON, *SETTINGS)

    def _listing(self, state: Commit | Index) -> tuple[str, ...]:
        if isinstance(state, Index):
            return ("diff-index", "--cached", "--ita-invisible-in-index", "--no-renames", self.empty_tree)
        return ("diff-tree", "-r", "--no-renames", self.empty_tree, state.revision)

    def _contents(self, entries: Mapping[str, _Entry]) -> Iterator[tuple[str, bytes]]:
        """The bytes of each file, in one question."""
        blobs = b"".join(entry.blob + b"\n" for entry in entries.values())
        answer = self.run("cat-file", "--batch", content=blobs) if entries else b""
        at = 0
        for path in entries:
            start = answer.index(b"\n", at) + 1
            _, kind, *size = answer[at:start].split()
            if kind != b"blob":
                raise ToolError(f"git has no content for {path!r}; the repository may be damaged, try git fsck")
            at = start + int(size[0]) + 1
            yield path, answer[start : at - 1]


def _entry(fields: bytes) -> _Entry:
    """``:OLD_MODE MODE OLD_BLOB BLOB STATUS``."""
    _, mode, _, blob, _ = fields.split()
    return _Entry(mode, blob)


def _literal(path: str) -> str:
    """A pattern for exactly this path."""
    return f":(literal){path}"
