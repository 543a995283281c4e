"""A merge that waits to be committed: what all its sides have together, so that only what neither had counts."""

import tempfile
from collections.abc import Iterable, Mapping

from ganga_quality.errors import ToolError
from ganga_quality.git.plumbing import ask, words
from ganga_quality.git.repository import Repository

_TOLD = "GITHEAD_"
#: A commit that nobody sees needs an author all the same.
_NOBODY = {f"GIT_{role}_{key}": "ganga-quality" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}


def merge_heads(repository: Repository, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The commits that are being merged into HEAD; none if no merge is waiting to be committed.

    Git writes them down when it leaves the merge to the user. When it commits by itself it only tells its hooks, in the
    names of variables (githooks: ``pre-merge-commit``).
    """
    file = repository.git_path("MERGE_HEAD")
    if file.is_file():
        return tuple(file.read_text().split())
    return tuple(name.removeprefix(_TOLD) for name in environment if name.startswith(_TOLD))


def union(repository: Repository, commits: Iterable[str]) -> str:
    """A commit with all that these have; where they collide, the lines of each. On no branch, it is forgotten again."""
    first, *others = commits
    for other in others:
        tree = _merged(repository, first, other)
        command = ("commit-tree", tree, "-p", first, "-p", other, "-m", "union")
        first = repository.run(*command, environment=_NOBODY).decode().strip()
    return first


def _merged(repository: Repository, one: str, other: str) -> str:
    """The tree of the merge, with git's driver that keeps the lines of both sides and writes no conflict markers."""
    with tempfile.NamedTemporaryFile(prefix="ganga-quality-") as attributes:
        attributes.write(b"* merge=union\n")
        attributes.flush()
        command = (
            "-c",
            f"core.attributesFile={attributes.name}",
            "merge-tree",
            "--write-tree",
            "--name-only",
            one,
            other,
        )
        answer = ask(repository.root, command)
    tree = answer.stdout.partition(b"\n")[0].decode()
    # 1 stands for what lines cannot settle, a file that one side changed and the other removed: it is kept.
    if answer.returncode not in {0, 1} or not tree:
        raise ToolError(f"to see what is new in a merge takes git 2.38 or newer; update it (git: {words(answer)})")
    return tree
