"""The checkers that come with ganga."""

import re
from typing import ClassVar

from msgspec import Struct

from ganga.errors import FinishingError
from ganga.finishing.base import Ended, check_relative, is_inside
from ganga.finishing.searching import is_found, is_found_apart


class Files(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects when a file is missing from the output."""

    hostable: ClassVar[bool] = True

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
            matches = sorted(path for path in ended.output.glob(pattern) if is_inside(path, ended.output))
            if not matches:
                return f"no file of the output matches {pattern}"
            empty = [path for path in matches if path.is_file() and not path.stat().st_size]
            if self.nonempty and empty:
                return f"{empty[0].relative_to(ended.output)} is empty"
        return None


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects when a text is, or is not, found in a file of the output."""

    hostable: ClassVar[bool] = True

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
        if not path.is_file() or not is_inside(path, ended.output):
            return f"there is no {self.file} in the output to look for {self.pattern!r}"
        if not ended.hosted:
            found = is_found(self.pattern, path)
        else:
            try:
                found = is_found_apart(self.pattern, path)
            except FinishingError as error:
                return str(error)
        if found is self.found:
            return None
        return f"{self.file} {'lacks' if self.found else 'has'} the text {self.pattern!r}"
