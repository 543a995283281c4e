"""How the cost of a cycle, a list and a restart grows with the jobs in the store; draws ``.github/growth.svg``.

Takes about two minutes for each kind of store.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.bench.dirac.programs import ROOT
from tests.bench.figures import Figure, at_most
from tests.bench.scale.growing import Measured, What, growing
from tests.bench.scale.places import kinds
from tests.bench.scale.plot import Curve, Panel, draw
from tests.bench.scale.size import FULL, SMALL, Size

#: Where the README finds it.
PLOT = ROOT / ".github" / "growth.svg"
#: What costs the same whatever is stored may take so much longer in the largest store than in the smallest, and so many
#: seconds more, which are a machine's own moods.
_LONGER, _MOOD = 2.0, 0.005
#: Where all live, one of many may cost so much more than one of few: not all fit the caches of a processor.
_DEARER = 3.0


class Series(NamedTuple):
    """Of one store."""

    store: str
    #: How many jobs live; None: all.
    followed: int | None
    points: Sequence[Measured]

    def curve(self, what: What) -> list[tuple[float, float]]:
        """Seconds over jobs."""
        return [(point.jobs, point.seconds) for point in self.points if point.what is what]


def figures(*, small: bool = False) -> Iterator[Figure]:
    """All figures, measured now; the plot is drawn unless they are small."""
    size = SMALL if small else FULL
    series = [
        Series(name, followed, points) for followed in (size.followed, None) for name, points in _grown(size, followed)
    ]
    picture = drawn(series)
    if not small:
        PLOT.write_text(picture)
    for one in series:
        yield from _of_series(one)


def drawn(series: Sequence[Series]) -> str:
    """The plot: what a monitor does, and what a list takes."""
    stores = list(dict.fromkeys(one.store for one in series))
    panels = [Panel(str(what), [_curve(one, what, stores) for one in series]) for what in (What.CYCLE, What.RESTART)]
    lists = [one for one in series if one.followed is not None]
    pages = [
        Curve(f"{one.store}: {what}", one.curve(what), stores.index(one.store), "1 4" if what is What.COMMAND else "")
        for one in lists
        for what in (What.LIST, What.COMMAND)
        if one.curve(what)
    ]
    return draw([*panels, Panel("a list of 50", pages)], "jobs in the store", "seconds")


def _grown(size: Size, followed: int | None) -> Iterator[tuple[str, list[Measured]]]:
    for kind in kinds():
        with TemporaryDirectory() as name, kind(Path(name)) as place:
            yield place.name, list(growing(place, Path(name), size.growth, followed))


def _curve(one: Series, what: What, stores: Sequence[str]) -> Curve:
    jobs = "all jobs live" if one.followed is None else f"{one.followed:,} jobs live"
    return Curve(
        f"{one.store}: {jobs}", one.curve(what), stores.index(one.store), "6 4" if one.followed is None else ""
    )


def _of_series(one: Series) -> Iterator[Figure]:
    """Where as many jobs live in a large store as in a small one, all costs the same; where all live, a job does."""
    for what in What:
        curve = one.curve(what)
        if curve and (one.followed is not None or what in {What.CYCLE, What.RESTART}):
            (few, least), (many, most) = curve[0], curve[-1]
            times = _LONGER if one.followed is not None else _DEARER * many / few
            limit = times * least + _MOOD
            jobs = "all of them live" if one.followed is None else f"{one.followed:,} of them live"
            goal = f"at most {times:,g} times that with {few:,}"
            yield at_most(f"{one.store}, {many:,} jobs, {jobs}: {what}", most, "s", limit, goal)
