"""Figures of the back ends for batch systems, on real ones: ours beside a bare loop and beside others.

Takes about ten minutes. The systems are those of the live tests (`tests.live.provision`); one that is not there is left
out. They are measured side by side, since what counts is calls and processors' time.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.batch.condor import condor
from tests.bench.batch.ends import Judged, judged
from tests.bench.batch.loads import Load, measured
from tests.bench.batch.sites import Site
from tests.bench.batch.slurm import slurm
from tests.bench.batch.tables import show_ends, show_loads
from tests.bench.batch.ways import BARE, FEED, OURS, PARSL, PSIJ, SWEEP
from tests.bench.figures import Figure, at_least, at_most
from tests.live.condor_server import install as condor_install
from tests.live.slurm_server import install as slurm_install
from tests.live.system_packages import NotInstalled

#: Jobs that live.
COUNTS = (100, 1000)
#: What we may call beside a bare loop, and how much less the daemons are to have to do than for the others.
_CALLS, _LIGHTER = 1.1, 5.0
#: Daemons' time below this, in seconds a minute, is not told from none.
_NOTHING = 0.001
#: Seconds after which the controller forgets what has ended, so that programs which sleep find it forgotten.
_SHORT_AGE = 2

Open = Callable[[Path], AbstractContextManager[Site]]
Measured = tuple[str, int, Mapping[str, Load]]


def figures() -> Iterator[Figure]:
    """All figures of this module, measured now; none where no system is provisioned."""
    systems = [
        open_ for check, open_ in ((slurm_install.check, slurm), (condor_install.check, condor)) if _is_there(check)
    ]
    with TemporaryDirectory() as name, ThreadPoolExecutor() as side_by_side:
        folders = [Path(name) / str(number) for number in range(len(systems) + 1)]
        loads = [side_by_side.submit(_loads, *pair) for pair in zip(systems, folders[1:], strict=True)]
        ends = side_by_side.submit(_ends, folders[0]) if slurm in systems else None
        if ends is not None:
            yield from _of_ends(ends.result())
        for load in loads:
            for system, count, found in load.result():
                show_loads(f"{count:,} jobs on {system}", found)
                yield from _of_loads(f"{count:,} jobs on {system}", found)


def _is_there(check: Callable[[], None]) -> bool:
    try:
        check()
    except NotInstalled as error:
        sys.stderr.write(f"Not measured: {error}\n")
        return False
    return True


def _loads(open_: Open, folder: Path) -> list[Measured]:
    folder.mkdir()
    with open_(folder) as site:
        return [(site.name, count, measured(site, count, folder / str(count))) for count in COUNTS]


def _ends(folder: Path) -> Mapping[str, Judged]:
    folder.mkdir()
    with slurm(folder, min_job_age=_SHORT_AGE) as site:
        return judged(site, folder / "ends")


def _of_loads(what: str, loads: Mapping[str, Load]) -> Iterator[Figure]:
    bare = loads[BARE]
    for name in [name for name in OURS if name in loads]:
        mine = loads[name]
        goal = f"at most {_CALLS} times a bare loop"
        yield at_most(f"{what}, {name}: calls a minute", mine.calls, "calls", _CALLS * bare.calls, goal)
        busy = f"{what}, {name}: calls a minute while jobs end"
        yield at_most(busy, mine.busy_calls, "calls", _CALLS * bare.busy_calls, goal)
    best = loads.get(FEED, loads[SWEEP])
    for other in [name for name in (PSIJ, PARSL) if name in loads]:
        theirs = loads[other]
        lighter = theirs.daemons / max(best.daemons, _NOTHING)
        yield at_least(f"{what}: daemons' CPU beside {other}", lighter, "times less", _LIGHTER, f">= {_LIGHTER:g}")
        yield at_most(f"{what}: age of an end beside {other}", best.age, "s", 1.1 * theirs.age, "the same")


def _of_ends(found: Mapping[str, Judged]) -> Iterator[Figure]:
    show_ends(found)
    for name in [name for name in OURS if name in found]:
        own = found[name]
        false = own.wrongs + own.lost.total()
        jobs = false + own.right
        yield Figure(f"wrong or lost ends, {name}", false, "jobs", jobs, false / jobs, "none", met=not false)
