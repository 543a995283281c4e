r"""What of a source a formatter may touch: its statements, and how a formatted text is put back into them. Pure.

A *statement* here is what Python's tokenizer calls a logical line, as it lies on whole lines of the file: ``a = 1; b =
2`` is one, and so is ``if ready: go()``. Of a compound statement the header (``else:`` and ``case _:`` too) is one and
each statement of its body is another: a change in the body leaves the header alone. Decorators belong to the header
behind them. Comments and blank lines between statements are in none of them.

Lines end where Python ends them, at ``\n``, ``\r\n`` or ``\r``, and nowhere else; they are given without their ends,
counted from 0.
"""

import re
import tokenize
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from msgspec import Struct

_INDENTATION = re.compile(r"[ \t\f]*")
#: Not in a statement, or only its frame.
_FRAME = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})
#: What a formatter adds and takes away as it likes.
_LOOSE = frozenset("(),;")
_STRING = "a string"
_NUMBER = "a number"


class Statement(Struct, frozen=True):
    """One logical line on the lines ``first`` to before ``end``."""

    first: int
    end: int
    #: How many marks the text has up to its end, itself included.
    marks: int
    #: The block that it stands in: an index into :attr:`Layout.blocks`.
    block: int
    #: Whether it is nothing but a string, as documentation is.
    lone_string: bool
    #: Lines that begin within a string.
    continued: frozenset[int]
    #: Of these, the lines that also end within it.
    within: frozenset[int]

    def touched(self, lines: Collection[int]) -> bool:
        """Whether any of the lines holds something of the statement that could be formatted.

        That is not so within a longer string, unless the statement is nothing else: documentation is formatted.
        """
        inert = frozenset[int]() if self.lone_string else self.within
        return any(line in lines and line not in inert for line in range(self.first, self.end))


class Block(Struct, frozen=True):
    """Statements that stand under each other at one indentation."""

    parent: int
    indentation: str


class Layout(Struct, frozen=True):
    """A source, taken apart."""

    lines: tuple[str, ...]
    statements: tuple[Statement, ...]
    blocks: tuple[Block, ...]
    #: Words of the text that a formatter neither adds nor drops nor moves, in order.
    marks: tuple[str, ...]

    def indentation(self, line: int) -> str:
        """The blanks before the first word of a line."""
        found = _INDENTATION.match(self.lines[line])
        return found[0] if found else ""

    def ancestors(self, block: int) -> Iterator[int]:
        """The block and all around it, from the inside out."""
        while block:
            yield block
            block = self.blocks[block].parent
        yield 0

    def holds(self, border: int) -> bool:
        """Whether the place before a line is within a statement."""
        return any(one.first < border < one.end for one in self.statements)

    def gap(self, number: int) -> range:
        """The lines between the statement with this number and the one before it."""
        start = self.statements[number - 1].end if number else 0
        end = self.statements[number].first if number < len(self.statements) else len(self.lines)
        return range(start, end)


def layout(lines: Sequence[str]) -> Layout:
    """Take a source apart. Raises what the tokenizer raises for what is no Python: SyntaxError or TokenError."""
    reader = _Reader(tuple(lines))
    for token in tokenize.generate_tokens(iter([line + "\n" for line in lines]).__next__):
        reader.read(token)
    return Layout(reader.lines, tuple(reader.statements), tuple(reader.blocks), tuple(reader.marks))


def touched_gaps(source: Layout, lines: frozenset[int], borders: frozenset[int]) -> frozenset[int]:
    """Before which statements blank lines are among the lines, or anything was deleted; the end counts as one more."""
    return frozenset(
        number
        for number in range(len(source.statements) + 1)
        if not borders.isdisjoint(range((gap := source.gap(number)).start, gap.stop + 1))
        or any(line in lines and is_blank(source.lines[line]) for line in gap)
    )


def touched_lines(source: Layout, lines: Collection[int]) -> frozenset[int]:
    """All lines of the statements that the lines touch, and of the lines those that are comments between statements."""
    statements = (range(one.first, one.end) for one in source.statements if one.touched(lines))
    gaps = (source.gap(number) for number in range(len(source.statements) + 1))
    comments = (line for gap in gaps for line in gap if line in lines and is_comment(source.lines[line]))
    return frozenset(chain(comments, *statements))


def surroundings(source: Layout, touched: frozenset[int], gaps: frozenset[int]) -> frozenset[int]:
    """The touched lines with all that decides how many blank lines there are beside them, and in touched gaps.

    That is the statement before, with the headers of what ends with it: behind a function there is more room than
    behind an assignment. And the one behind, with the comments between.
    """
    headers = _headers(source)
    lines = set(touched)
    for number in range(len(source.statements) + 1):
        beside = [one for one in (number - 1, number) if 0 <= one < len(source.statements)]
        gap = source.gap(number)
        meets = any(source.statements[one].first in touched for one in beside)
        if not meets and number not in gaps and touched.isdisjoint(gap):
            continue
        block = source.statements[number].block if number < len(source.statements) else 0
        open_blocks = set(source.ancestors(block))
        if number:
            ended = set(source.ancestors(source.statements[number - 1].block)) - open_blocks
            beside += [headers[block] for block in ended]
        lines.update(line for line in gap if is_comment(source.lines[line]))
        for one in beside:
            lines.update(range(source.statements[one].first, source.statements[one].end))
    return frozenset(lines)


def _headers(source: Layout) -> dict[int, int]:
    """By block, the statement that it is the body of."""
    headers: dict[int, int] = {}
    for number, statement in enumerate(source.statements):
        for block in source.ancestors(statement.block):
            if block:
                headers.setdefault(block, number - 1)
    return headers


class _Reader:
    """Takes one token after the other, and knows which statement it is in."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        self.statements: list[Statement] = []
        self.blocks = [Block(0, "")]
        self.marks: list[str] = []
        self._enclosing = [0]
        self._first: int | None = None
        self._decorator = False
        self._line_begins = True
        self._string_ended = False
        #: Where the string began that is being read piece by piece, and how many such strings are in each other.
        self._string_first = 0
        self._string_depth = 0
        self._strings: list[range] = []

    def read(self, token: tokenize.TokenInfo) -> None:
        if token.type == tokenize.INDENT:
            self.blocks.append(Block(self._enclosing[-1], token.string))
            self._enclosing.append(len(self.blocks) - 1)
        elif token.type == tokenize.DEDENT:
            self._enclosing.pop()
        elif token.type not in _FRAME:
            self._begin(token)
            self._mark(token)
            if token.type == tokenize.NEWLINE:
                self._finish(token.start[0])

    def _begin(self, token: tokenize.TokenInfo) -> None:
        if self._first is None:
            self._first = self._after_gap(token.start[0] - 1)
        if self._line_begins:
            self._decorator = token.string == "@"
            self._line_begins = False

    def _after_gap(self, line: int) -> int:
        """Where a statement begins whose first word is on the line: a lone backslash before it is part of it."""
        start = self.statements[-1].end if self.statements else 0
        gap = range(start, line)
        return next(
            (number for number in gap if not is_blank(self.lines[number]) and not is_comment(self.lines[number])), line
        )

    def _finish(self, end: int) -> None:
        self._line_begins = True
        self._string_ended = False
        if self._decorator or self._first is None:
            return
        marks_before = self.statements[-1].marks if self.statements else 0
        continued = frozenset(line for string in self._strings for line in string[1:])
        statement = Statement(
            first=self._first,
            end=end,
            marks=len(self.marks),
            block=self._enclosing[-1],
            lone_string=self.marks[marks_before:] == [_STRING],
            continued=continued,
            within=continued - {string[-1] for string in self._strings},
        )
        self.statements.append(statement)
        self._first = None
        self._strings.clear()

    def _mark(self, token: tokenize.TokenInfo) -> None:
        name = tokenize.tok_name[token.type]
        if name.endswith("STRING_START"):
            if not self._string_depth:
                self._string_first = token.start[0] - 1
            self._string_depth += 1
        elif name.endswith("STRING_END"):
            self._string_depth -= 1
            if not self._string_depth:
                self._add_string(range(self._string_first, token.end[0]))
        elif self._string_depth:
            return
        elif token.type == tokenize.STRING:
            self._add_string(range(token.start[0] - 1, token.end[0]))
        else:
            self._add_word(token)

    def _add_word(self, token: tokenize.TokenInfo) -> None:
        if token.string == ";":
            self._string_ended = False
        if token.type == tokenize.NEWLINE or token.string in _LOOSE:
            return
        self._string_ended = False
        self.marks.append(_NUMBER if token.type == tokenize.NUMBER else token.string)

    def _add_string(self, lines: range) -> None:
        self._strings.append(lines)
        # Strings side by side are one: a formatter may join them.
        if not self._string_ended:
            self.marks.append(_STRING)
        self._string_ended = True


def is_blank(line: str) -> bool:
    """Whether there is nothing on the line."""
    return not line.strip(" \t\f")


def is_comment(line: str) -> bool:
    """Whether there is nothing but a comment on the line."""
    return line.lstrip(" \t\f").startswith("#")
