"""What it takes to follow jobs that live: calls, processors' time on both sides, and how old the news of an end are.

The programs follow the same jobs one after the other, each for the same time; before each, nobody follows them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.batch.inside.telling import Errand
from tests.bench.batch.programs import Program, Told, Way
from tests.bench.batch.sites import NAME, Ending, Site

#: Seconds between two questions of each program; for which nobody asks; for which nothing happens to the jobs; and in
#: which some end.
INTERVAL, ALONE, QUIET, BUSY = 2.0, 10.0, 20.0, 10.0
#: Jobs that end then: in all phases of the interval.
ENDS = 23
#: Seconds after the last end within which it is told.
PATIENCE = 30.0


@dataclass(frozen=True)
class Load:
    """Of one program."""

    #: Of commands of the batch system in a minute, while nothing happens and while jobs end.
    calls: float
    busy_calls: float
    #: Seconds of the processors in a minute in which nothing happens: of the program with its commands, and of the
    #: system's daemons beyond what these take by themselves.
    work: float
    daemons: float
    #: Seconds from a job's last act to the event, the median, and how many events never came.
    age: float
    untold: int


def measured(site: Site, count: int, folder: Path) -> Mapping[str, Load]:
    """Each way to follow so many jobs that live."""
    live = site.fill(count - ENDS)
    return {name: _load(site, way, live, folder / str(number)) for number, (name, way) in enumerate(site.ways.items())}


def _load(site: Site, way: Way, live: Sequence[str], folder: Path) -> Load:
    folder.mkdir(parents=True)
    ending = _begun(site, folder)
    own = _daemons_alone(site)
    errand = Errand(INTERVAL, str(folder / "own"), follow=[*live, *ending], name=NAME)
    with Program(way, errand, site.environment, site.commands) as program:
        program.ready()
        time.sleep(INTERVAL / 4)
        calls, work, daemons = program.calls().total(), program.work(), _work(site)
        time.sleep(QUIET)
        work, daemons = program.work() - work, max(_work(site) - daemons - own * QUIET, 0.0)
        quiet, calls = program.calls().total() - calls, program.calls().total()
        _end(list(ending.values()))
        busy = program.calls().total() - calls
        told = program.until_told(list(ending), PATIENCE)
    age = _age(ending, told)
    minutes = QUIET / 60
    untold = len(ending) - len(told)
    return Load(quiet / minutes, busy / (BUSY / 60), work / minutes, daemons / minutes, age, untold)


def _daemons_alone(site: Site) -> float:
    """Seconds of the processors in each second in which nobody asks."""
    # What they had to do with new jobs is over by then.
    time.sleep(INTERVAL)
    before = _work(site)
    time.sleep(ALONE)
    return (_work(site) - before) / ALONE


def _begun(site: Site, folder: Path) -> Mapping[str, Ending]:
    """Jobs that run, by their ids."""
    jobs = [Ending(folder, number) for number in range(ENDS)]
    ids = site.run([job.script for job in jobs])
    for job in jobs:
        job.await_beginning()
    return dict(zip(ids, jobs, strict=True))


def _end(jobs: Sequence[Ending]) -> None:
    begun = time.monotonic()
    for number, job in enumerate(jobs, 1):
        job.end()
        time.sleep(max(0.0, begun + number * BUSY / ENDS - time.monotonic()))


def _age(ending: Mapping[str, Ending], told: Mapping[str, Told]) -> float:
    ages = [said.at - ending[job].ended_at for job, said in told.items()]
    return median(ages) if ages else float("inf")


def _work(site: Site) -> float:
    """Seconds of the processors that the daemons have taken; by the number of a clock that Linux gives to each."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in site.daemons)
