r"""Where the lines of a source file are for a tool, and where for git.

The tools end a line at ``\n``, ``\r\n`` and at a lone ``\r``; git, and with it every finding, at ``\n`` alone.
"""

import re
from functools import cached_property
from pathlib import Path

_LINE_END = re.compile(rb"\r\n?|\n")
_LONE_RETURN = re.compile(rb"\r(?!\n)")


class Lines:
    """The lines of one file, read when they are asked for; a file that cannot be read has none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def line(self, row: int) -> int:
        """Git's line of the tool's ``row``; both count from 1."""
        rows = self._rows
        return max(row, 1) if rows is None else rows[min(max(row, 1), len(rows)) - 1]

    def text(self, line: int) -> str:
        """Git's line without surrounding blanks; empty if there is none."""
        lines = self._lines
        return lines[line - 1].decode(errors="replace").strip("\ufeff \t\r\f\v") if 0 < line <= len(lines) else ""

    @cached_property
    def _bytes(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError:  # the tool that spoke of it has said whatever there is to be said
            return b""

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._bytes.split(b"\n")

    @cached_property
    def _rows(self) -> tuple[int, ...] | None:
        """Git's line of each row; None if rows and lines are the same, as in nearly all files."""
        if not _LONE_RETURN.search(self._bytes):
            return None
        rows = [1]
        for end in _LINE_END.finditer(self._bytes):
            rows.append(rows[-1] + end[0].endswith(b"\n"))
        return tuple(rows)
