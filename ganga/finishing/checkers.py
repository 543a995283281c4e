"""The checkers that come with ganga."""

import re
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from ganga.finishing.base import Ended, check_relative

#: Characters that are read, and searched, at once. The search of a block holds up all other threads: not too large.
BLOCK = 2**18

#: A line longer than this is searched in pieces.
LONGEST_LINE = 2**20


class Files(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects when a file is missing from the output."""

    #: Patterns relative to the output folder; each must match something.
    patterns: tuple[str, ...]
    #: Whether an empty file is objected to as well.
    nonempty: bool = False

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            check_relative(pattern)

    def check(self, ended: Ended, /) -> str | None:
        """See `Checker.check`."""
        for pattern in self.patterns:
            matches = sorted(ended.output.glob(pattern))
            if not matches:
                return f"no file of the output matches {pattern}"
            empty = [path for path in matches if path.is_file() and not path.stat().st_size]
            if self.nonempty and empty:
                return f"{empty[0].relative_to(ended.output)} is empty"
        return None


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects when a text is, or is not, found in a file of the output."""

    #: A regular expression, in which ``^`` and ``$`` match at every line. One that takes for ever holds up everybody.
    pattern: str
    #: Relative to the output folder.
    file: str = "stdout"
    #: Whether the text must be there (true) or must not (false).
    found: bool = True

    def __post_init__(self) -> None:
        check_relative(self.file)
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {error}") from error

    def check(self, ended: Ended, /) -> str | None:
        """See `Checker.check`."""
        path = ended.output / self.file
        if not path.is_file():
            return f"there is no {self.file} in the output to look for {self.pattern!r}"
        if _is_found(re.compile(self.pattern, re.MULTILINE), path) is self.found:
            return None
        return f"{self.file} {'lacks' if self.found else 'has'} the text {self.pattern!r}"


def _is_found(pattern: re.Pattern[str], path: Path) -> bool:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        return _searched(pattern, file)


def _searched(pattern: re.Pattern[str], file: TextIO) -> bool:
    """Search whole lines, block by block, so that a file of any size will do."""
    rest = ""
    while block := file.read(BLOCK):
        text = rest + block
        end = text.rfind("\n")
        if end < 0 and len(text) > LONGEST_LINE:
            end = len(text)
        if end >= 0 and pattern.search(text, 0, end):
            return True
        rest = text[end + 1 :]
    return bool(rest) and pattern.search(rest) is not None
