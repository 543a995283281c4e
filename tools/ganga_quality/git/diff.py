"""What git's diff says, read into `Changes`. Pure.

Expects the patch of ``git diff-index`` and its kin with ``-p -U0``, the prefixes ``a/`` and ``b/``, no copies, and
names quoted where they hold more than plain characters (``core.quotePath``), so that none can pass for a line of it.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from ganga_quality.changes import Changes, FileChange, Hunk
from ganga_quality.errors import ToolError, UsageError

_HEAD = b"diff --git "
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Difference(Struct):
    """What the patch says of one file."""

    header: bytes
    renamed_from: str = ""
    renamed_to: str = ""
    created: bool = False
    deleted: bool = False
    #: Whether git took it for binary, and said nothing of its lines.
    binary: bool = False
    hunks: list[Hunk] = []

    @property
    def path(self) -> str:
        """The name in the new state; in the old one for a deleted file."""
        return self.renamed_to or self._common_name

    @property
    def old_path(self) -> str | None:
        """The name in the old state; None for a new file."""
        return None if self.created else self.renamed_from or self._common_name

    @property
    def _common_name(self) -> str:
        """The header has the name twice, and nothing to tell where the first ends but that both are as long."""
        names = self.header.removeprefix(_HEAD)
        old, new = _name(names[: len(names) // 2]), _name(names[len(names) // 2 + 1 :])
        if old[:2] != "a/" or new[:2] != "b/" or old[2:] != new[2:]:
            raise _not_understood(self.header)
        return new[2:]


def read_differences(patch: bytes) -> Iterator[Difference]:
    """The files of a patch, in its order.

    Raises `ToolError` if it is no such patch, `UsageError` for a file in conflict.
    """
    lines = iter(patch.split(b"\n")[:-1])
    difference: Difference | None = None
    for line in lines:
        if line.startswith(_HEAD):
            if difference:
                yield difference
            difference = Difference(line)
        elif difference is None:
            raise _conflict(line) if line.startswith(b"* Unmerged path ") else _not_understood(line)
        elif line.startswith(b"@@ "):
            difference.hunks.append(_hunk(line, lines))
        else:
            _read_header(difference, line)
    if difference:
        yield difference


def to_changes(differences: Iterable[Difference]) -> Changes:
    """What the files together come to.

    A file that became a link or the reverse is told as one deleted and one created: it counts as new.
    """
    files: dict[str, FileChange] = {}
    deleted = set()
    for difference in differences:
        path = difference.path
        if difference.deleted:
            deleted.add(path)
        else:
            files[path] = FileChange(path=path, old_path=difference.old_path, hunks=tuple(difference.hunks))
    return Changes(files=files, deleted=frozenset(deleted - files.keys()))


def _read_header(difference: Difference, line: bytes) -> None:
    """One of the lines between the head of a file and its hunks; those that tell nothing we need are passed over."""
    if line.startswith(b"rename from "):
        difference.renamed_from = _name(line.removeprefix(b"rename from "))
    elif line.startswith(b"rename to "):
        difference.renamed_to = _name(line.removeprefix(b"rename to "))
    elif line.startswith(b"new file mode "):
        difference.created = True
    elif line.startswith(b"deleted file mode "):
        difference.deleted = True
    elif line.startswith(b"Binary files "):
        difference.binary = True
    elif line.startswith(b"* Unmerged path "):
        raise _conflict(line)


def _hunk(line: bytes, lines: Iterator[bytes]) -> Hunk:
    """The hunk that begins here; its lines are passed over, whatever they hold."""
    match = _HUNK.match(line)
    if not match:
        raise _not_understood(line)
    old_start, old_count, new_start, new_count = (1 if number is None else int(number) for number in match.groups())
    remaining = old_count + new_count
    while remaining:
        content = next(lines, None)
        if content is None:
            raise _not_understood(line)
        # "\ No newline at end of file" is no line of either side.
        remaining -= not content.startswith(b"\\")
    return Hunk(old_start, old_count, new_start, new_count)


def _name(text: bytes) -> str:
    """A file name, quoted as in C if need be, which is how Python writes bytes too."""
    if not text.startswith(b'"'):
        return os.fsdecode(text)
    try:
        name = ast.literal_eval("b" + text.decode("ascii"))
    except (SyntaxError, ValueError) as error:
        raise _not_understood(text) from error
    return os.fsdecode(name)


def _conflict(line: bytes) -> UsageError:
    path = os.fsdecode(line.removeprefix(b"* Unmerged path "))
    return UsageError(f"{path!r} is in conflict; resolve it and stage the file (git add), then try again")


def _not_understood(line: bytes) -> ToolError:
    return ToolError(
        f"git's diff has a line that was not expected: {line[:200]!r}; please report this with git --version"
    )
