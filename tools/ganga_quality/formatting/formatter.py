"""The one adapter to black: whatever formats, asks here. Black promises no programming interface; what is used of it,
is here.

Black's own ``--line-ranges`` is not to be relied on alone: it is not at a fixpoint after one run, normalises comments
and indentation elsewhere, and loses count of the lines in some files (psf/black 4033, 4052, 4264, 4430). So its answer
is taken as a proposal for the whole file, and of it only the statements that were asked for are put into the text as it
was. What is outside of them is the same bytes not because black was careful, but because nobody wrote there.
"""

import ast
import platform
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from tokenize import TokenError
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from ganga_quality.changes import Span
from ganga_quality.errors import ToolError, UsageError
from ganga_quality.formatting.sourcetext import SourceText, encoding_of
from ganga_quality.formatting.splicing import Line, Misaligned, spliced
from ganga_quality.formatting.statements import Layout, is_blank, layout, surroundings, touched_gaps, touched_lines
from ganga_quality.formatting.style import INSTALL, Style, black_version, included, read_style

if TYPE_CHECKING:
    from black.mode import Mode

__all__ = ["CannotFormat", "Style", "black_version", "formatted", "included", "read_style"]

#: Of real files 89 of 100 need one pass until nothing changes, the rest two or three.
_PASSES = 5
#: How Python tells the place in the text of a syntax error.
_LINE_NUMBER = re.compile(r"line (\d+)\)$")


class CannotFormat(Exception):
    """A file stays as it is, since it cannot be parsed, or black's answer is not to be trusted."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        #: Counted from 1 as git does; 0 if not known.
        self.line = line


def formatted(
    source: bytes, style: Style, *, stub: bool = False, spans: Sequence[Span] | None = None, verify: bool = True
) -> bytes:
    r"""The source as black formats it, again and again until nothing changes any more.

    ``spans`` are lines as git counts them; an empty one stands for what was deleted there; None for the whole file.
    They touch

    - a statement, if one of them holds a line of it that is not just the inside of a longer string: then the statement
      is formatted on all its lines. Of a compound statement, the header with its decorators is one such statement
      (``else:`` is one too), and each statement of its body another; what shares a line, is one.
    - a comment of its own line, if they hold it,
    - the blank lines between two statements, if they hold one of them, or something was deleted there.

    Blank lines next to what is touched are formatted with it, and those before the comments that lead to it. All other
    lines stay the same bytes with the same ends. A block of which some statement stays keeps its indentation, and what
    black would join with a statement that stays, stays too. So a file that was formatted before something was added to
    it is formatted again; where something went away, what stays may by now be too deep, or documentation. Encoding and
    byte order mark are kept; new lines end as the first does.

    ``verify`` compares the syntax trees. Raises CannotFormat rather than returning anything that might be wrong.
    """
    if spans is not None and not spans:
        return source
    text = _decoded(source)
    _check_depth(text)
    job = _Job(text, 1 if style.skip_source_first_line else 0, _mode(style, stub=stub or style.pyi))
    result = job.whole() if spans is None else job.partly(text.within(spans), text.borders(spans))
    if result.lines == text.lines:
        return source
    if verify:
        job.compare(result)
    return _encoded(result)


class _Job:
    """One text on its way to a fixpoint."""

    def __init__(self, source: SourceText, header: int, mode: "Mode") -> None:
        self._source = source
        self._header = header
        self._mode = mode
        #: The text as of now, without the lines that black is not to see, and the lines of it that are to be formatted.
        self._lines = source.lines[header:]
        self._ends = source.ends[header:]
        self._touched = frozenset[int]()
        #: Before which lines something was deleted.
        self._borders = frozenset[int]()
        self._pass = 0

    def whole(self) -> SourceText:
        """All of the text, as black has it."""
        return self._settled(self._format_whole)

    def partly(self, lines: Collection[int], borders: Collection[int] = ()) -> SourceText:
        """What the lines and what was deleted touch, as black has it."""
        self._touched = frozenset(line - self._header for line in lines)
        self._borders = frozenset(line - self._header for line in borders)
        return self._settled(self._format_partly)

    def compare(self, result: SourceText) -> None:
        """Raise CannotFormat unless the syntax trees are equal."""
        if self._tree(self._source, "it") != self._tree(result, "what black made of it"):
            raise CannotFormat(
                "black would change the syntax tree; put `# fmt: off` before what it does not understand"
            )

    def _tree(self, source: SourceText, name: str) -> list[str]:
        from black.parsing import parse_ast, stringify_ast  # noqa: PLC0415 - takes a quarter of a second to load

        try:
            return list(stringify_ast(parse_ast("\n".join(source.lines[self._header :]) + "\n")))
        except (SyntaxError, ValueError, RecursionError) as error:
            place = _LINE_NUMBER.search(str(error)) if source is self._source else None
            line = source.git_line(int(place[1]) - 1 + self._header) if place else 0
            raise CannotFormat(f"Python {platform.python_version()} cannot parse {name}: {error}", line) from error

    def _settled(self, step: Callable[[], tuple[str, ...]]) -> SourceText:
        for self._pass in range(_PASSES):
            before = self._lines
            self._lines = step()
            if self._lines == before:
                lines = self._source.lines[: self._header] + self._lines
                return SourceText(self._source.encoding, lines, self._source.ends[: self._header] + self._ends)
        raise CannotFormat(f"black does not come to an end: after {_PASSES} passes it still changes what it made")

    def _format_whole(self) -> tuple[str, ...]:
        lines = self._ask(self._lines, ())
        if lines != self._lines:
            self._ends = (self._source.newline,) * len(lines)
        return lines

    def _format_partly(self) -> tuple[str, ...]:
        before = self._layout(self._lines)
        # A statement of which lines were deleted is touched as one of which lines were written.
        within = {line for border in self._borders for line in (border - 1, border) if before.holds(border)}
        touched = touched_lines(before, self._touched | within)
        gaps = touched_gaps(before, self._touched, self._borders)
        if not touched and not gaps:
            return self._lines
        # Black drops blank lines from the top before it counts.
        top = next((line for line, text in enumerate(self._lines) if not is_blank(text)), None)
        if top is None:
            return self._lines
        seen, ranges = self._lines[top:], _ranges(line - top + 1 for line in surroundings(before, touched, gaps))
        try:
            answer = self._ask(seen, ranges)
            if answer == seen and not top and len(before.statements) not in gaps:
                return self._lines
            result = self._splice(before, answer, touched, gaps)
        except CannotFormat:
            # Not all that goes wrong with ranges also does without: the rest of the answer is thrown away in any case.
            result = self._splice(before, self._ask(seen, ()), touched, gaps)
        self._touched = frozenset(number for number, line in enumerate(result) if line.origin is None)
        self._borders = frozenset()
        self._ends = tuple(self._end(line.origin) for line in result)
        return tuple(line.text for line in result)

    def _splice(
        self, before: Layout, answer: Sequence[str], touched: frozenset[int], gaps: frozenset[int]
    ) -> Sequence[Line]:
        try:
            return spliced(before, self._layout(answer), touched, gaps)
        except Misaligned as error:
            raise CannotFormat(f"black's answer does not fit into the rest: {error}", self._line(error.line)) from error

    def _end(self, origin: int | None) -> str:
        """How a line ends: as it did, or as the first does."""
        return self._source.newline if origin is None else self._ends[origin]

    def _ask(self, lines: Sequence[str], ranges: Sequence[tuple[int, int]]) -> tuple[str, ...]:
        import black  # noqa: PLC0415 - takes a quarter of a second to load
        from black.parsing import InvalidInput  # noqa: PLC0415 - as above

        text = "\n".join(lines) + "\n" if lines else ""
        try:
            answer = black.format_str(text, mode=self._mode, lines=ranges)
        except InvalidInput as error:
            if error.context and "INTERNAL ERROR" in error.context:
                raise CannotFormat("black made of it what cannot be parsed any more") from error
            top = len(self._lines) - len(lines)
            raise CannotFormat(str(error).splitlines()[0], self._line((error.lineno or 0) - 1 + top)) from error
        except Exception as error:
            # Black refuses some sources by assertions, by errors of its own many kinds, and by too deep a recursion.
            raise CannotFormat(f"black failed with {type(error).__name__}: {error}") from error
        return tuple(answer.removesuffix("\n").split("\n")) if answer else ()

    def _layout(self, lines: Sequence[str]) -> Layout:
        try:
            return layout(lines)
        except SyntaxError as error:
            raise CannotFormat(f"cannot be parsed: {error.msg}", self._line((error.lineno or 0) - 1)) from error
        except TokenError as error:
            raise CannotFormat(f"cannot be parsed: {error.args[0]}", self._line(error.args[1][0] - 1)) from error

    def _line(self, line: int) -> int:
        """The line of the file; 0 if the text is no longer the file's."""
        return 0 if self._pass or line < 0 else self._source.git_line(line + self._header)


def _decoded(content: bytes) -> SourceText:
    try:
        return SourceText.decoded(content)
    except (SyntaxError, UnicodeError) as error:
        raise CannotFormat(f"cannot be decoded: {error}", 1) from error


def _check_depth(source: SourceText) -> None:
    """Raise CannotFormat for what is nested more deeply than Python can read: black would be at it for minutes."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            ast.parse("\n".join(source.lines) + "\n")
    except (RecursionError, MemoryError) as error:
        raise CannotFormat(f"nested too deeply: Python {platform.python_version()} cannot parse it: {error}") from error
    except SyntaxError as error:
        if "too many nested" in error.msg or "too many levels" in error.msg:
            raise CannotFormat(f"nested too deeply: {error.msg}", source.git_line((error.lineno or 1) - 1)) from error
    except ValueError:
        # A zero byte; black says so with its place.
        return


def _encoded(result: SourceText) -> bytes:
    content = result.encoded()
    if encoding_of(content) != result.encoding:
        raise CannotFormat("a declaration of an encoding would come into force that does not count where it stands", 1)
    return content


@lru_cache
def _mode(style: Style, *, stub: bool) -> "Mode":
    try:
        from black.files import infer_target_version  # noqa: PLC0415 - black takes a quarter of a second to load
        from black.mode import Mode, Preview, TargetVersion  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ToolError(f"black {black_version()} is not the version that this is made for. {INSTALL}") from error
    try:
        versions = {TargetVersion[name.upper()] for name in style.target_version}
        features = {Preview[name] for name in style.enable_unstable_feature}
    except KeyError as error:
        raise UsageError(f"[tool.black] of pyproject.toml: black {black_version()} knows no {error.args[0]}") from error
    inferred = infer_target_version({"project": {"requires-python": style.requires_python}}) if not versions else None
    return Mode(
        target_versions=versions or set(inferred or ()),
        line_length=style.line_length,
        string_normalization=not style.skip_string_normalization,
        magic_trailing_comma=not style.skip_magic_trailing_comma,
        is_pyi=stub,
        preview=style.preview,
        unstable=style.unstable,
        enabled_features=features,
    )


def _ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Lines that follow each other as one range."""
    ranges: list[tuple[int, int]] = []
    for line in sorted(lines):
        if ranges and ranges[-1][1] == line - 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return ranges
