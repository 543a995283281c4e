"""How what a formatter made of a whole text is taken over for some statements only, so that all else stays as it was.
Pure.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from ganga_quality.formatting.statements import Layout, is_blank, is_comment

_LEVEL = "    "


class Misaligned(Exception):
    """Two texts do not hold the same statements with the same comments between them; ``line`` as the first counts, from
    0.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Line(Struct, frozen=True):
    """One line of the text that was put together."""

    text: str
    #: Which line of the text before it is; None if it was formatted.
    origin: int | None


def spliced(before: Layout, after: Layout, touched: frozenset[int], gaps: frozenset[int]) -> list[Line]:
    """The text before, but statements and comments on touched lines as they are after, and the blank lines beside
    these.

    ``touched`` is what :func:`~ganga_quality.formatting.statements.touched_lines` tells: of a statement all lines or
    none. ``gaps`` are the numbers of the statements before which blank lines are to be as after, whatever is beside
    them.

    A block keeps its indentation as long as one statement anywhere in it stays as it was; what is taken over is moved
    there.
    """
    return _Splice(before, after, touched, gaps).lines()


class _Splice:
    def __init__(self, before: Layout, after: Layout, touched: frozenset[int], gaps: frozenset[int]) -> None:
        if before.marks != after.marks:
            raise Misaligned("words came, went or moved", _first_difference(before, after))
        self._before, self._after, self._touched, self._gaps = before, after, touched, gaps
        shared = {one.marks for one in before.statements} & {one.marks for one in after.statements}
        self._pairs = list(zip(_groups(before, shared), _groups(after, shared), strict=True))
        self._borders = [(old[0], new[0]) for old, new in self._pairs]
        self._borders.append((len(before.statements), len(after.statements)))
        #: Which pairs are to be as after; the last stands for the end of the text, and for its beginning as number -1.
        self._taken = [*(self._is_taken(old) for old, _ in self._pairs), False]
        self._indentations = self._new_indentations()
        #: By block of the text after: which block it was before.
        self._blocks = {
            after.statements[new[0]].block: before.statements[old[0]].block for old, new in reversed(self._pairs)
        }

    def lines(self) -> list[Line]:
        """The text before with everything taken over that is to be."""
        result: list[Line] = []
        for number, (old, new) in enumerate(self._pairs):
            result += self._gap(number)
            result += self._formatted(old, new) if self._taken[number] else self._kept(_lines(self._before, old))
        return result + self._gap(len(self._pairs))

    def _is_taken(self, group: range) -> bool:
        """What a formatter joined with something that nobody touched, stays as it was."""
        return all(self._before.statements[number].first in self._touched for number in group)

    def _kept(self, lines: Sequence[int]) -> list[Line]:
        return [Line(self._before.lines[line], line) for line in lines]

    def _formatted(self, old: range, new: range) -> Iterator[Line]:
        first = self._after.statements[new[0]]
        standing = self._after.indentation(first.first)
        wanted = self._indentations[self._before.statements[old[0]].block]
        fixed = frozenset(line for number in new for line in self._after.statements[number].continued)
        if first.lone_string and self._hangs(fixed, standing):
            fixed = frozenset()
        for line in _lines(self._after, new):
            text = self._after.lines[line]
            yield Line(text if line in fixed else _moved(text, standing, wanted), None)

    def _hangs(self, lines: Collection[int], indentation: str) -> bool:
        """Whether the lines of a string are indented like the code around, as documentation is."""
        texts = [self._after.lines[line] for line in lines]
        return all(is_blank(text) or text.startswith(indentation) for text in texts)

    def _gap(self, number: int) -> list[Line]:
        """What lies before a pair: blank lines and comments in turn, those in touch as they are after."""
        first_old, first_new = self._borders[number]
        old = _pieces(self._before, self._before.gap(first_old))
        taken = [self._taken[number - 1], *(any(line in self._touched for line in piece) for piece in old)]
        taken.append(self._taken[number] or first_old in self._gaps)
        if not any(taken):
            return self._kept([line for piece in old for line in piece])
        new = _pieces(self._after, self._after.gap(first_new))
        if len(old) != len(new):
            raise Misaligned("a comment moved into a statement or out of one", self._before.gap(first_old).start)
        if number == len(self._pairs):
            # Black, asked for some lines, leaves blank ones at the end, which it takes away when asked for all.
            new[-1] = []
        result: list[Line] = []
        for place, (was, becomes) in enumerate(zip(old, new, strict=True)):
            # The blank lines before comments that lead to a statement are those before the statement.
            if taken[place + 1] or (place % 2 == 0 and (taken[place] or taken[place + 2] or taken[-1])):
                result += (Line(self._comment(line, number), None) for line in becomes)
            else:
                result += self._kept(was)
        return result

    def _comment(self, line: int, number: int) -> str:
        """A comment, or nothing, as it is after, moved along with the block that it seems to belong to."""
        text = self._after.lines[line]
        standing = self._after.indentation(line)
        if not text or not standing:
            return text
        for pair in self._pairs[max(number - 1, 0) : number + 1]:
            for block in self._after.ancestors(self._after.statements[pair[1][-1]].block):
                if self._after.blocks[block].indentation == standing and block in self._blocks:
                    return _moved(text, standing, self._indentations[self._blocks[block]])
        return text

    def _new_indentations(self) -> list[str]:
        """By block of the text before: how it will be indented."""
        kept: set[int] = set()
        for (old, _), taken in zip(self._pairs, self._taken, strict=False):
            if not taken:
                kept.update(
                    block for number in old for block in self._before.ancestors(self._before.statements[number].block)
                )
        result = [""]
        for number, block in enumerate(self._before.blocks[1:], start=1):
            result.append(block.indentation if number in kept else result[block.parent] + _LEVEL)
        return result


def _groups(layout: Layout, shared: Collection[int]) -> Iterator[range]:
    """Numbers of the statements between two ends that both texts have: mostly one, more where a text joined or split
    some.
    """
    start = 0
    for number, statement in enumerate(layout.statements):
        if statement.marks in shared:
            yield range(start, number + 1)
            start = number + 1


def _lines(layout: Layout, group: range) -> range:
    return range(layout.statements[group[0]].first, layout.statements[group[-1]].end)


def _pieces(layout: Layout, gap: Sequence[int]) -> list[list[int]]:
    """Blank lines, a comment, blank lines, a comment, ..., blank lines; there may be no blank lines in a place."""
    pieces: list[list[int]] = [[]]
    for line in gap:
        if is_comment(layout.lines[line]):
            pieces += [[line], []]
        else:
            pieces[-1].append(line)
    return pieces


def _moved(text: str, standing: str, wanted: str) -> str:
    return wanted + text.removeprefix(standing) if text.startswith(standing) and text else text


def _first_difference(before: Layout, after: Layout) -> int:
    equal = 0
    for one, other in zip(before.marks, after.marks, strict=False):
        if one != other:
            break
        equal += 1
    return next((statement.first for statement in before.statements if statement.marks > equal), 0)
