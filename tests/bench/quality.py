"""Figures of the quality tools, beside the programs that they run and those that did this before them.

Takes about ten minutes: black alone needs a minute for 100,000 lines of old code, and is asked more than once.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure, at_least, at_most
from tests.bench.measuring import Place, Took, missing_programs

ROUNDS = 3
BEHIND = "HEAD~1"
TYPES = ("--tools", "ruff,black,mypy")

#: How much longer ours may take than the tools that it runs.
_MARGIN = 1.3
#: How much faster than flake8 and autopep8, which the old project ran.
_PROGRESS = 20


def figures() -> Iterator[Figure]:
    """All figures of this module, measured now; those are left out that need a program which is not here."""
    for program, package in missing_programs():
        sys.stderr.write(f"Not measured beside {program}, which is not here: pip install {package}\n")
    with TemporaryDirectory() as folder:
        place = Place(Path(folder))
        yield from _unchanged(place)
        yield from _change(place)
        yield from _fix(place)
        yield from _ratchet(place)
        yield from _whole(place)


def _unchanged(place: Place) -> Iterator[Figure]:
    place.ours("check", "--since", "HEAD")
    seconds = median(place.ours("check", "--since", "HEAD").seconds for _ in range(ROUNDS))
    yield at_most("check where nothing changed", seconds, "s", 0.5, "<= 0.5 s")


def _change(place: Place) -> Iterator[Figure]:
    """What is asked of each pull request, and each time before a push."""
    name = f"check --since, {len(place.changed)} files"
    for what, words, types in ((name, (), False), (f"{name}, with mypy", TYPES, True)):
        ours = partial(place.ours, "check", "--since", BEHIND, *words)
        yield from _cold_and_warm(place, what, ours, partial(place.bare, place.changed, types=types), ROUNDS)


def _whole(place: Place) -> Iterator[Figure]:
    """Each and every file, once only: this is what takes its time."""
    place.ours("ratchet", "update", "--accept")
    for words in (("check", "--all"), ("ratchet", "check")):
        name = f"{' '.join(words)}, {place.lines:,} lines"
        yield from _cold_and_warm(place, name, partial(place.ours, *words), partial(place.bare, ["."]), 1)


def _cold_and_warm(
    place: Place, name: str, ours: Callable[[], Took], bare: Callable[[], Took], rounds: int
) -> Iterator[Figure]:
    """Ours beside the bare tools, in turn; each first without what it remembers of an earlier run, then with it."""
    cold, warm = [], []
    for _ in range(rounds):
        place.chill()
        mine, again, theirs, once_more = ours(), ours(), bare(), bare()
        cold.append((mine, theirs))
        warm.append((again, once_more))
    yield _beside(f"{name}, cold", cold, _MARGIN)
    yield _beside(f"{name}, warm", warm, _MARGIN)


def _fix(place: Place) -> Iterator[Figure]:
    """Formatting the lines that the change wrote; autopep8 treats whole files."""
    rivals = {
        "darker": ("--quiet", "--revision", BEHIND),
        "autopep8": ("--in-place", "-aa", "--jobs=0"),
    }
    for rival, words in rivals.items():
        if not place.has(rival):
            continue
        rounds = []
        for _ in range(ROUNDS):
            place.chill()
            ours = place.ours("fix", "--since", BEHIND)
            place.restore()
            rounds.append((ours, place.run(rival, *words, *place.changed)))
            place.restore()
        yield _beside(f"fix --since, {len(place.changed)} files, beside {rival}", rounds, 1)


def _ratchet(place: Place) -> Iterator[Figure]:
    """All old debt, by ruff: what was flake8's part and that of autopep8 over all files."""
    place.ours("ratchet", "update", "--accept", "--tools", "ruff")
    times = []
    for _ in range(ROUNDS):
        place.chill()
        times.append(place.ours("ratchet", "check", "--tools", "ruff"))
    seconds = median(took.seconds for took in times)
    yield at_most(f"ratchet check by ruff, {place.lines:,} lines, cold", seconds, "s", 2.0, "<= 2 s")
    if place.has("flake8") and place.has("autopep8"):
        old = place.run("flake8", ".") + place.run("autopep8", "--recursive", "--diff", "-aa", "--jobs=0", ".")
        name = f"the same beside flake8 and autopep8 -aa (they take {old.seconds:.0f} s)"
        yield at_least(name, old.seconds / seconds, "times faster", _PROGRESS, f">= {_PROGRESS}")


def _beside(name: str, rounds: Sequence[tuple[Took, Took]], most: float) -> Figure:
    """Ours and theirs as medians, in seconds; what counts is the median of the ratios within each round."""
    ours, theirs = (median(pair[side].seconds for pair in rounds) for side in (0, 1))
    work, their_work = (median(pair[side].work for pair in rounds) for side in (0, 1))
    ratio = median(mine.seconds / other.seconds for mine, other in rounds)
    name = f"{name} (CPU {work:.1f} s, theirs {their_work:.1f} s)"
    return Figure(name, ours, "s", theirs, ratio, f"<= {most:g} times theirs", ratio <= most)
