"""Replacing pieces of a source, but only on certain lines of it, and following these lines through it. Pure."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise

from msgspec import Struct

from ganga_quality.formatting.sourcetext import SourceText
from ganga_quality.formatting.statements import Layout


class Edit(Struct, frozen=True, order=True):
    """The characters from ``start`` to before ``end`` give way; counted from the beginning of the text, without a
    mark.
    """

    start: int
    end: int
    content: str


class Edited(Struct, frozen=True):
    """A source after the edits, and where the lines are now on which they were allowed."""

    text: SourceText
    lines: frozenset[int]


def offsets(text: SourceText) -> list[int]:
    """Where each line begins, and behind the last one the end."""
    sizes = (len(line) + len(end) for line, end in zip(text.lines, text.ends, strict=True))
    return list(accumulate(sizes, initial=0))


def applied(text: SourceText, lines: Collection[int], fixes: Iterable[Sequence[Edit]], source: Layout) -> Edited:
    """The text with those fixes that go together and lie with all their edits on the lines.

    A fix whose edits begin where those of an earlier one end, or before, is left for the next time; so is a second one
    that takes something out of the same block, which might otherwise end up empty.
    """
    whole, starts = text.text, offsets(text)
    regions = _regions(lines, starts)
    chosen: list[Edit] = []
    emptied: set[int] = set()
    for fix in sorted({tuple(sorted(fix)) for fix in fixes if fix}):
        blocks = {_block(source, bisect_right(starts, edit.start) - 1) for edit in fix if not edit.content.strip()} - {
            0
        }
        apart = (not chosen or chosen[-1].end < fix[0].start) and all(
            one.end <= other.start for one, other in pairwise(fix)
        )
        if apart and not blocks & emptied and all(_allowed(edit, whole, regions) for edit in fix):
            chosen += fix
            emptied |= blocks
    return _replaced(text, regions, chosen)


def _regions(lines: Iterable[int], starts: Sequence[int]) -> list[tuple[int, int]]:
    """Where lines that follow each other begin and end."""
    regions: list[tuple[int, int]] = []
    for line in sorted(lines):
        if regions and regions[-1][1] == starts[line]:
            regions[-1] = (regions[-1][0], starts[line + 1])
        else:
            regions.append((starts[line], starts[line + 1]))
    return regions


def _block(source: Layout, line: int) -> int:
    """The block of the statement on a line; the outermost if there is none."""
    return next((one.block for one in source.statements if one.first <= line < one.end), 0)


def _allowed(edit: Edit, whole: str, regions: Iterable[tuple[int, int]]) -> bool:
    """Whether the edit lies in a region and does not draw up what follows there."""
    region = next(((start, end) for start, end in regions if start <= edit.start and edit.end <= end), None)
    if region is None:
        return False
    before = whole[region[0] : edit.start] + edit.content
    return edit.end < region[1] or region[1] == len(whole) or before == "" or before.endswith(("\n", "\r"))


def _replaced(text: SourceText, regions: Iterable[tuple[int, int]], edits: Sequence[Edit]) -> Edited:
    whole = text.text
    kept = [0, *(edit.end for edit in edits)], [*(edit.start for edit in edits), len(whole)]
    pieces = [whole[start:end] for start, end in zip(*kept, strict=True)]
    result = SourceText.of(
        pieces[0] + "".join(edit.content + piece for edit, piece in zip(edits, pieces[1:], strict=True)), text.encoding
    )
    # What is put where a region ends is part of it: the lines that follow are none of ours.
    moved = [(start + _grown(edits, start), end + _grown(edits, end + 1)) for start, end in regions]
    starts = offsets(result)[:-1]
    inside = (number for number, start in enumerate(starts) for first, end in moved if first <= start < end)
    return Edited(result, frozenset(inside))


def _grown(edits: Iterable[Edit], place: int) -> int:
    """How far a place between two lines moves, by all edits that begin before it."""
    return sum(len(edit.content) - (edit.end - edit.start) for edit in edits if edit.start < place)
