"""The files of a pull request, as GitHub lists them: with git's own differences against the branch point."""

import re
from collections.abc import Iterator

from tests.tools.bot.github.git import Git
from tests.tools.bot.github.slice import Json

_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


def files(git: Git, base: str, head: str, largest_patch: int) -> list[Json]:
    """One entry for each file; a patch of more lines than ``largest_patch`` is left out, as GitHub does."""
    fork_point = git.run("merge-base", base, head)
    raw = git.run("diff-tree", "-r", "-z", "-M", "--raw", fork_point, head).split("\0")
    return [_entry(git, fork_point, head, fields, paths, largest_patch) for fields, paths in _changes(raw)]


def shown_lines(patch: str) -> set[int]:
    """The lines of the new file that a patch shows."""
    shown: set[int] = set()
    line = 0
    for text in patch.split("\n"):
        if header := re.match(r"@@ -\S+ \+(\d+)", text):
            line = int(header[1])
        elif text[:1] in {"+", " "}:
            shown.add(line)
            line += 1
    return shown


def _changes(raw: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    words = iter(raw)
    for fields in words:
        if fields:
            described = fields.split(" ")
            yield described, [next(words) for _ in range(2 if described[4][0] in "RC" else 1)]


def _entry(git: Git, base: str, head: str, fields: list[str], paths: list[str], largest_patch: int) -> Json:
    status = _STATUS[fields[4][0]]
    patch = _patch(git, base, head, paths)
    lines = [line for line in patch.split("\n") if not line.startswith("@@")]
    added, deleted = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    entry: dict[str, Json] = {
        "sha": fields[2] if status == "removed" else fields[3],
        "filename": paths[-1],
        "status": status,
        "additions": added,
        "deletions": deleted,
        "changes": added + deleted,
    }
    if len(paths) > 1:
        entry["previous_filename"] = paths[0]
    if patch and len(lines) <= largest_patch:
        entry["patch"] = patch
    return entry


def _patch(git: Git, base: str, head: str, paths: list[str]) -> str:
    names = [f":(literal){path}" for path in paths]
    text = git.run("diff-tree", "-r", "-p", "-M", "--no-color", "--no-ext-diff", base, head, "--", *names)
    found = re.search(r"^@@ .*", text, re.DOTALL | re.MULTILINE)
    return found[0] if found else ""
