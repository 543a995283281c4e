"""Tables of text that fit the terminal: columns as wide as needed, and those that may be cut give way."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rich.cells import cell_len, set_cell_size

GAP = "  "
_NONE: Mapping[int, str] = MappingProxyType({})
#: A column that gives way keeps so many cells.
NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Screen:
    """What the output is written to."""

    #: Cells in a line; None if it is no terminal.
    width: int | None
    colours: bool


def screen() -> Screen:
    """What the standard output is; ``NO_COLOR`` and ``COLUMNS`` are respected."""
    if not sys.stdout.isatty():
        return Screen(None, colours=False)
    return Screen(shutil.get_terminal_size().columns, colours="NO_COLOR" not in os.environ)


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    title: str
    right: bool = False
    #: Whether its texts are cut where the terminal is too narrow.
    gives_way: bool = False


class Grid:
    """Lays out rows below each other. The widths come from the rows that it is made with; later rows are cut to fit."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> None:
        self._columns = columns
        needed = [max([cell_len(column.title), *map(cell_len, texts)]) for column, texts in _upright(columns, rows)]
        self._widths = needed if width is None else _fitted(columns, needed, width)

    def title(self) -> str:
        """The line with the names of the columns."""
        return self.line([column.title for column in self._columns])

    def line(self, texts: Sequence[str], colours: Mapping[int, str] = _NONE) -> str:
        """One row; `colours` are the ANSI codes of some columns, counted from 0."""
        cells = [
            _cell(column, text, width) for column, text, width in zip(self._columns, texts, self._widths, strict=True)
        ]
        for index, code in colours.items():
            cells[index] = f"\033[{code}m{cells[index]}\033[0m"
        return GAP.join(cells).rstrip()


def _upright(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[tuple[Column, list[str]]]:
    return [(column, [row[index] for row in rows]) for index, column in enumerate(columns)]


def _fitted(columns: Sequence[Column], needed: Sequence[int], width: int) -> list[int]:
    """The widths, after taking what is too much from the widest of the columns that give way, cell by cell."""
    widths = list(needed)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    yielding = [index for index, column in enumerate(columns) if column.gives_way]
    while excess > 0 and yielding:
        widest = max(yielding, key=lambda index: widths[index])
        if widths[widest] <= NARROWEST:
            break
        others = [widths[index] for index in yielding if index != widest]
        step = max(1, min(excess, widths[widest] - max([NARROWEST, *others])))
        widths[widest] -= step
        excess -= step
    return widths


def _cell(column: Column, text: str, width: int) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if column.gives_way else text
    return " " * (width - length) + text if column.right else text + " " * (width - length)
