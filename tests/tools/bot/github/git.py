"""A real bare repository, written to by git's own plumbing."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

#: Everything of the machine's own configuration is left out, and every commit is made at the same moment.
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_NAME": "ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}
#: Mode and content of a file; of a submodule, the commit.
File = bytes | tuple[str, bytes]


class Git:
    """A bare repository in a folder, made if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "HEAD").exists():
            self._run("init", "--quiet", "--bare", "--initial-branch=main", str(folder), folder=None)

    def run(self, *arguments: str, given: bytes = b"") -> str:
        """What git says, without the last line end. Raises `CalledProcessError` where git fails."""
        return self._run(*arguments, given=given).decode("utf-8", "surrogateescape").removesuffix("\n")

    def blob(self, content: bytes) -> str:
        return self.run("hash-object", "-w", "--stdin", given=content)

    def content(self, blob: str) -> bytes:
        return self._run("cat-file", "blob", blob)

    def tree(self, entries: Mapping[str, tuple[str, str]], base: str | None = None) -> str:
        """A tree with these entries (path: mode and id) put into another tree."""
        index = self.folder / "index.of-the-stand-in"
        environment = {"GIT_INDEX_FILE": str(index)}
        self._run("read-tree", *([base] if base else ["--empty"]), more=environment)
        lines = "".join(f"{mode} {sha}\t{path}\0" for path, (mode, sha) in entries.items()).encode(
            "utf-8", "surrogateescape"
        )
        self._run("update-index", "-z", "--add", "--index-info", given=lines, more=environment)
        tree = self._run("write-tree", "--missing-ok", more=environment).decode().strip()
        index.unlink(missing_ok=True)
        return tree

    def commit_tree(self, tree: str, parents: list[str], message: str) -> str:
        return self.run("commit-tree", tree, *[word for parent in parents for word in ("-p", parent)], "-m", message)

    def commit(self, files: Mapping[str, File], parent: str | None = None, *, keep: bool = True) -> str:
        """A commit with these files put into those of its parent, or instead of them."""
        entries = {path: self._entry(file) for path, file in files.items()}
        tree = self.tree(entries, f"{parent}^{{tree}}" if parent and keep else None)
        return self.commit_tree(tree, [parent] if parent else [], "a change")

    def point(self, reference: str, commit: str) -> None:
        self.run("update-ref", reference, commit)

    def delete(self, reference: str) -> None:
        self.run("update-ref", "-d", reference)

    def target(self, reference: str) -> str | None:
        """Where a full reference points to: nobody packs them here, so each is a file."""
        file = self.folder / reference
        return file.read_text().strip() if file.is_file() else None

    def branches(self) -> dict[str, str]:
        lines = self.run("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").splitlines()
        return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines}

    def file(self, revision: str, path: str) -> bytes:
        return self._run("cat-file", "blob", f"{revision}:{path}")

    def is_ancestor(self, one: str, other: str) -> bool:
        return self.run("merge-base", one, other) == one

    def _entry(self, file: File) -> tuple[str, str]:
        if isinstance(file, bytes):
            return "100644", self.blob(file)
        mode, content = file
        return mode, content.decode() if mode == "160000" else self.blob(content)

    def _run(
        self, *arguments: str, given: bytes = b"", more: Mapping[str, str] | None = None, folder: Path | None = Path()
    ) -> bytes:
        place = ["--git-dir", str(self.folder)] if folder is not None else []
        words = [os.fsencode(word) for word in ("git", *place, *arguments)]
        environment = {**ENVIRONMENT, **(more or {})}
        return subprocess.run(words, input=given, env=environment, capture_output=True, check=True, timeout=60).stdout
