r"""The bytes of a source file as lines, and back again without a loss.

Python ends a line at ``\n``, ``\r\n`` or ``\r``; git only at ``\n``. Nobody else's ends count: a form feed, a line
separator of Unicode and the like are part of their line.
"""

import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from io import BytesIO
from itertools import accumulate

from msgspec import Struct

from ganga_quality.changes import Span

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


class SourceText(Struct, frozen=True, dict=True):
    """A text in lines as Python sees them, counted from 0, each with its end; the last may have none."""

    encoding: str
    lines: tuple[str, ...]
    ends: tuple[str, ...]

    @classmethod
    def decoded(cls, content: bytes) -> "SourceText":
        """Read by its byte order mark or its declaration of an encoding, else as UTF-8.

        Raises SyntaxError for an encoding that there is not, and UnicodeError for bytes that do not fit it or would not
        come back as they were.
        """
        encoding = encoding_of(content)
        text = content.decode(encoding)
        if text.encode(encoding) != content:
            raise UnicodeError(
                f"the bytes have more than one spelling in {encoding}, and would not come back as they were"
            )
        return cls.of(text, encoding)

    @classmethod
    def of(cls, text: str, encoding: str) -> "SourceText":
        """A text taken apart."""
        found = [match.groups() for match in _LINE.finditer(text) if match[0]]
        return cls(encoding, tuple(line for line, _ in found), tuple(end for _, end in found))

    def encoded(self) -> bytes:
        """The bytes again."""
        return self.text.encode(self.encoding) if self.lines else b""

    @property
    def text(self) -> str:
        """All lines with their ends."""
        return "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))

    @property
    def newline(self) -> str:
        """How lines end that are added: as the first one does."""
        return (self.ends[0] if self.ends else "") or "\n"

    def within(self, spans: Iterable[Span]) -> frozenset[int]:
        r"""The lines that lie, wholly or in part, on lines of git: several, if some end at ``\r`` alone."""
        found: set[int] = set()
        for span in spans:
            first = bisect_left(self._git_lines, span.first)
            found.update(range(first, bisect_left(self._git_lines, span.last + 1)))
        return frozenset(found)

    def borders(self, spans: Iterable[Span]) -> frozenset[int]:
        """Before which lines the empty spans stand."""
        return frozenset(bisect_left(self._git_lines, span.first) for span in spans if span.last < span.first)

    def spans(self, lines: Iterable[int]) -> tuple[Span, ...]:
        """Lines of git that these lines lie on."""
        spans: list[Span] = []
        for line in sorted({self.git_line(line) for line in lines}):
            if spans and spans[-1].last == line - 1:
                spans[-1] = Span(spans[-1].first, line)
            else:
                spans.append(Span(line, line))
        return tuple(spans)

    def git_line(self, line: int) -> int:
        """How git counts a line."""
        return self._git_lines[min(line, len(self.lines) - 1)] if self.lines else 1

    @cached_property
    def _git_lines(self) -> list[int]:
        return list(accumulate((end.endswith("\n") for end in self.ends), initial=1))[:-1]


def encoding_of(content: bytes) -> str:
    """What Python would decode a source with. Raises SyntaxError for an encoding that there is not."""
    return tokenize.detect_encoding(BytesIO(content).readline)[0]
