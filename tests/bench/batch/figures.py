"""Figures of the back ends for batch systems, on real ones: ours beside a bare loop and beside others.

Takes about eight minutes. The systems are those of the live tests (`tests.live.provision`); one that is not there is
left out. Several of each are measured side by side, since what counts is calls and processors' time.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.batch.condor import condor
from tests.bench.batch.ends import Judged, judged
from tests.bench.batch.loads import Load, measured
from tests.bench.batch.sites import Site
from tests.bench.batch.slurm import slurm
from tests.bench.batch.tables import show_ends, show_for_the_readme, show_loads
from tests.bench.batch.ways import BARE, CONDOR, FEED, OURS, PARSL, PSIJ, SLURM, SWEEP, THERE
from tests.bench.figures import Figure, NothingToMeasure, at_least, at_most
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
#: So many ways are measured one after the other on one system, the others on further ones.
_TOGETHER = 2

Open = Callable[[Path], AbstractContextManager[Site]]
_OPEN: Mapping[str, Open] = {SLURM: slurm, CONDOR: condor}
_CHECK: Mapping[str, Callable[[], None]] = {SLURM: slurm_install.check, CONDOR: condor_install.check}


def figures(*, only: str = "") -> Iterator[Figure]:
    """All figures of this module, measured now; none where no system is provisioned.

    With `only`, those of the ways with this word in their names, beside the bare loop, and nothing of how jobs end.
    Raises `NothingToMeasure`.
    """
    wanted = {system: _wanted(names, only) for system, names in THERE.items()}
    if not any(wanted.values()):
        raise NothingToMeasure(f"There is no way to follow jobs with {only!r} in its name; there are: {_all_names()}.")
    systems = [system for system, names in wanted.items() if names and _is_there(_CHECK[system])]
    lanes = [
        _Lane(system, count, wanted[system][begin : begin + _TOGETHER])
        for system in systems
        for count in COUNTS
        for begin in range(0, len(wanted[system]), _TOGETHER)
    ]
    with TemporaryDirectory() as name, ThreadPoolExecutor(len(lanes) + 1) as side_by_side:
        folders = [Path(name) / str(number) for number in range(len(lanes) + 1)]
        loads = [side_by_side.submit(_loads, *pair) for pair in zip(lanes, folders[1:], strict=True)]
        ends = side_by_side.submit(_ends, folders[0]) if SLURM in systems and not only else None
        if ends is not None:
            yield from _of_ends(ends.result())
        found = _together(lanes, [load.result() for load in loads])
    show_for_the_readme(found)
    for system, by_count in found.items():
        for count, own in by_count.items():
            show_loads(f"{count:,} jobs on {system}", own)
            yield from _of_loads(f"{count:,} jobs on {system}", own)


@dataclass(frozen=True)
class _Lane:
    """What is measured one after the other on a system of its own."""

    system: str
    count: int
    names: Sequence[str]


def _wanted(names: Sequence[str], only: str) -> Sequence[str]:
    """Empty if there is nothing beside the bare loop."""
    others = [name for name in names if name != BARE and only.lower() in name.lower()]
    return [BARE, *others] if others else []


def _all_names() -> str:
    return "; ".join(sorted({name for names in THERE.values() for name in names} - {BARE}))


def _together(
    lanes: Sequence[_Lane], loads: Sequence[Mapping[str, Load]]
) -> Mapping[str, Mapping[int, Mapping[str, Load]]]:
    """By system and number of jobs."""
    found: dict[str, dict[int, dict[str, Load]]] = {}
    for lane, own in zip(lanes, loads, strict=True):
        found.setdefault(lane.system, {}).setdefault(lane.count, {}).update(own)
    return found


def _is_there(check: Callable[[], None]) -> bool:
    try:
        check()
    except NotInstalled as error:
        sys.stderr.write(f"Not measured: {error}\n")
        return False
    return True


def _loads(lane: _Lane, folder: Path) -> Mapping[str, Load]:
    folder.mkdir()
    with _OPEN[lane.system](folder) as site:
        return measured(site, lane.count, lane.names, folder / "loads")


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
    best = loads.get(FEED, loads.get(SWEEP))
    if best is None:
        return
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
