"""Figures of the back end for DIRAC, on real servers: ours beside the other ways, and as jobs grow in number.

Takes eight to ten minutes. The servers are those of the live tests (`tests.live.provision`).
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.dirac.age import INTERVAL, SHARE, followed
from tests.bench.dirac.cost import Cost
from tests.bench.dirac.servers import Servers, missing, serving
from tests.bench.dirac.side_by_side import CHANGES, measured
from tests.bench.dirac.table import show
from tests.bench.dirac.ways import GANGA_8, JOBS, ROADS, WAYS, bare, completed, ours
from tests.bench.figures import Figure, at_least, at_most

ROUNDS = 8
COUNTED = 2
MANY = 100_000

#: How much cheaper and faster than Ganga's way a cycle is to be, and what it may take beside a bare loop.
_CHEAPER, _FASTER, _MARGIN = 20, 10, 1.3
#: How old a status may be, as a share of the interval, and how often may be asked for a page of changes and once more.
_AGE, _CALLS = 0.55, 1.1
#: What a cycle may grow by while the jobs that do not change become ten times as many.
_FLAT_WORK, _FLAT_SIZE = 1.3, 1.1


def figures() -> Iterator[Figure]:
    """All figures of this module, measured now; none where the servers are not provisioned."""
    lacking = missing(os.environ)
    if lacking:
        sys.stderr.write(f"Not measured: {lacking}\n")
        return
    with TemporaryDirectory() as folder, serving(Path(folder)) as servers:
        servers.jobs.fill(JOBS)
        few = completed(measured(servers, WAYS, Path(folder) / "few", rounds=ROUNDS, counted=COUNTED))
        show(few)
        yield from _side_by_side(few)
        yield from _ages(servers, Path(folder) / "followed")
        yield from _scale(servers, few, Path(folder) / "many")
        yield from _ages(servers, Path(folder) / "all followed")


def _side_by_side(costs: Mapping[str, Cost]) -> Iterator[Figure]:
    old = costs[GANGA_8]
    what = f"cycle of {JOBS:,} jobs, {CHANGES} changed"
    for road in ROADS:
        mine = costs[ours(road)]
        name = f"{what}, {road}: CPU beside Ganga 8's way"
        yield at_least(name, old.work / mine.work, "times cheaper", _CHEAPER, f">= {_CHEAPER}")
        name = f"{what}, {road}: time beside Ganga 8's way"
        yield at_least(name, old.seconds / mine.seconds, "times faster", _FASTER, f">= {_FASTER}")
        if bare(road) in costs:
            loop = costs[bare(road)].work
            goal = f"at most {_MARGIN} times a bare loop"
            yield at_most(f"{what}, {road}: CPU", mine.work * 1e3, "ms", _MARGIN * loop * 1e3, goal)


def _ages(servers: Servers, folder: Path) -> Iterator[Figure]:
    """Over a monitor for each road, while some jobs change all the time."""
    found = followed(servers, folder)
    name = f"{servers.jobs.count:,} jobs, {SHARE:.0%} changing per minute"
    for road in ROADS:
        goal = f"at most {_AGE} of the interval of {INTERVAL:g} s"
        yield at_most(f"{name}, {road}: age of a status, median", found.median(road), "s", _AGE * INTERVAL, goal)
        goal = f"at most {_CALLS} times (pages of changes + 1)"
        yield at_most(f"{name}, {road}: calls per cycle", found.calls(road), "calls", _CALLS * 2, goal)


def _scale(servers: Servers, few: Mapping[str, Cost], folder: Path) -> Iterator[Figure]:
    """The same changes among many more jobs."""
    servers.jobs.fill(MANY)
    many = measured(servers, {ours(road): WAYS[ours(road)] for road in ROADS}, folder, rounds=ROUNDS, counted=COUNTED)
    for road in ROADS:
        before, after = few[ours(road)], many[ours(road)]
        name = f"{CHANGES} changes among {MANY:,} jobs beside {JOBS:,}, {road}"
        yield _flat(f"{name}: CPU", after.work * 1e3, before.work * 1e3, "ms", _FLAT_WORK)
        yield _flat(f"{name}: bytes", after.size / 1e3, before.size / 1e3, "kB", _FLAT_SIZE)


def _flat(name: str, after: float, before: float, unit: str, most: float) -> Figure:
    return at_most(name, after, unit, most * before, f"at most {most} times that of {JOBS:,}")
