"""What a change wrote: for each file the lines that are new, and where every other line stood before. Pure."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct


class Span(Struct, frozen=True, order=True):
    r"""Lines ``first`` to ``last`` of a file, both included, counted from 1; lines end at ``\n`` as git counts them."""

    first: int
    last: int


class Hunk(Struct, frozen=True, order=True):
    """One place where old and new differ: ``old_count`` lines gave way to ``new_count``, as ``git diff -U0`` tells.

    A count of 0 means that the place is behind line ``start`` of that side, which may be 0.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int


class FileChange(Struct, frozen=True, kw_only=True, dict=True):
    """How one file of the new state came from the old one."""

    #: In the new state, relative to the top of the repository.
    path: str
    #: In the old state; differs from ``path`` for a rename, None for a new file.
    old_path: str | None
    #: From first to last. A new file has one hunk with all its lines.
    hunks: tuple[Hunk, ...] = ()

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The lines that the change wrote; what it only deleted has none."""
        return tuple(Span(hunk.new_start, _last(hunk)) for hunk in self.hunks if hunk.new_count)

    @cached_property
    def places(self) -> tuple[Span, ...]:
        """The spans, and where lines were only deleted an empty one, whose ``last`` is the line before."""
        return tuple(Span(hunk.new_start + (not hunk.new_count), _last(hunk)) for hunk in self.hunks)

    def wrote(self, line: int) -> bool:
        """Whether this line of the new state was written by the change."""
        place = bisect_right(self._firsts, line) - 1
        return place >= 0 and line <= self.spans[place].last

    def old_line(self, line: int) -> int | None:
        """Where a line of the new state stood in the old one; None for one that the change wrote, or of a new file."""
        if self.old_path is None or self.wrote(line):
            return None
        moved = 0
        for hunk in self.hunks:
            if line < hunk.new_start + max(hunk.new_count, 1):
                break
            moved += hunk.old_count - hunk.new_count
        return line + moved

    @cached_property
    def _firsts(self) -> list[int]:
        return [span.first for span in self.spans]


class Changes(Struct, frozen=True, kw_only=True):
    """What lies between an old and a new state."""

    #: By path in the new state. A file that did not change is not here; a renamed one always is.
    files: Mapping[str, FileChange]
    #: Paths of the old state that are gone, without those that were renamed.
    deleted: frozenset[str] = frozenset()


def _last(hunk: Hunk) -> int:
    return hunk.new_start + max(hunk.new_count - 1, 0)
