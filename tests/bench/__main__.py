"""``python -m tests.bench [GROUP] [--small] [--only WORD] [--json]``: measure, and print a table or one JSON object a
figure.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, NothingToMeasure

#: The modules that measure for each group; each has ``figures()``. One that does not exist yet is left out.
GROUPS = {
    "core": ("core", "store", "local", "stack"),
    "quality": ("quality",),
    "dirac": ("dirac.figures",),
    "batch": ("batch.figures",),
    "scale": ("scale.figures",),
    "growth": ("scale.growth",),
}

#: Groups that can be run in seconds, to see that they can be run.
SMALL = ("scale", "growth")

#: Groups of which a part can be measured: what has a word in its name.
PARTED = ("batch",)

#: Columns of the table where no terminal says how many there are.
WIDTH = 180


def measured(groups: Sequence[str], *, small: bool = False, only: str | None = None) -> Iterator[Figure]:
    """The figures of these groups, as they are measured; `small` is for those of `SMALL`, `only` for those of `PARTED`.

    Raises `NothingToMeasure`.
    """
    wish: Mapping[str, object] = {"small": True} if small else {} if only is None else {"only": only}
    for group in groups:
        for module in _modules(group):
            figures = import_module(module).figures
            yield from figures(**wish)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if each goal is met, 1 if one is not, 2 for a group or a part that there is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what ganga promises.")
    parser.add_argument("group", nargs="?", help=f"one of {', '.join(GROUPS)}; all that exist by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object a figure")
    small = f"in seconds, for figures that mean nothing: {', '.join(SMALL)}"
    parser.add_argument("--small", action="store_true", help=small)
    only = f"what has this word in its name, of these groups: {', '.join(PARTED)}"
    parser.add_argument("--only", metavar="WORD", help=only)
    options = parser.parse_args(arguments)
    groups = [name for name in GROUPS if _modules(name)] if options.group is None else [options.group]
    if options.group is not None and not _modules(options.group):
        there = ", ".join(name for name in GROUPS if _modules(name))
        sys.stderr.write(f"There is no group {options.group!r} of figures; there are: {there}.\n")
        return 2
    if options.small and options.group not in SMALL:
        sys.stderr.write(f"There are small figures of these groups only: {', '.join(SMALL)}.\n")
        return 2
    if options.only is not None and options.group not in PARTED:
        sys.stderr.write(f"A part can be measured of these groups only: {', '.join(PARTED)}.\n")
        return 2
    found = measured(groups, small=options.small, only=options.only)
    try:
        figures = _as_json(found) if options.json else _as_table(found)
    except NothingToMeasure as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if all(figure.met for figure in figures) else 1


def _modules(group: str) -> list[str]:
    names = [f"tests.bench.{name}" for name in GROUPS.get(group, ())]
    return [name for name in names if find_spec(name) is not None]


def _as_json(figures: Iterator[Figure]) -> list[Figure]:
    printed = []
    for figure in figures:
        sys.stdout.write(json.dumps(asdict(figure)) + "\n")
        sys.stdout.flush()
        printed.append(figure)
    return printed


def _as_table(figures: Iterator[Figure]) -> list[Figure]:
    table = Table("figure", "value", "limit", "ratio", "goal", "", title="What ganga promises, measured here")
    printed = []
    for figure in figures:
        value, limit = (f"{number:.4g} {figure.unit}" for number in (figure.value, figure.limit))
        table.add_row(
            figure.figure, value, limit, f"{figure.ratio:.2f}", figure.goal, "met" if figure.met else "MISSED"
        )
        printed.append(figure)
    console = Console()
    console.print(table, width=None if console.is_terminal else WIDTH)
    return printed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
