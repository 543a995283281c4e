"""What it takes to follow jobs that live: calls, processors' time on both sides, and how old the news of an end are.

The programs follow the same jobs one after the other, each for the same time; before each, nobody follows them.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.batch.inside.telling import Errand
from tests.bench.batch.programs import Program, Told, Way
from tests.bench.batch.sites import NAME, Ending, Site

#: Seconds between two questions of each program; for which nobody asks; for which nothing happens to the jobs; and in
#: which some end. The latter two are whole minutes, since what is asked for at different intervals falls into shorter
#: times once more or less by chance.
INTERVAL, ALONE, QUIET, BUSY = 3.0, 5.0, 60.0, 60.0
#: So many commands are called again, one after the other, to see what they take the daemons.
AGAIN = 40
#: Jobs that end then: in all phases of the interval.
ENDS = 41
#: Seconds after the last end within which it is told.
PATIENCE = 30.0


@dataclass(frozen=True)
class Load:
    """Of one program."""

    #: Of commands of the batch system in a minute, while nothing happens and while jobs end.
    calls: float
    busy_calls: float
    #: Seconds of the processors in a minute in which nothing happens: of the program with its commands, and of the
    #: system's daemons to answer it.
    work: float
    daemons: float
    #: The latter in a minute in which jobs end, with what these ends take them by themselves.
    busy_daemons: float
    #: Seconds from a job's last act to the event, the median, and how many events never came.
    age: float
    untold: int


def measured(site: Site, count: int, names: Sequence[str], folder: Path) -> Mapping[str, Load]:
    """Each of these ways to follow so many jobs that live."""
    live = site.fill(count - ENDS)
    return {name: _load(site, site.ways[name], live, folder / str(number)) for number, name in enumerate(names)}


def _load(site: Site, way: Way, live: Sequence[str], folder: Path) -> Load:
    folder.mkdir(parents=True)
    ending = _begun(site, folder)
    alone = _work_alone(site)
    errand = Errand(INTERVAL, str(folder / "own"), follow=[*live, *ending], name=NAME)
    with Program(way, errand, site.environment, site.commands) as program:
        program.ready()
        time.sleep(INTERVAL / 4)
        begun = _spent(site, program)
        time.sleep(QUIET)
        quiet = _spent(site, program)
        _end(list(ending.values()))
        busy = _spent(site, program)
        told = program.until_told(list(ending), PATIENCE)
    asked = quiet.commands[len(begun.commands) :]
    return Load(
        calls=(quiet.calls - begun.calls) * 60 / QUIET,
        busy_calls=(busy.calls - quiet.calls) * 60 / BUSY,
        work=(quiet.program - begun.program) * 60 / QUIET,
        daemons=(
            _answering(site, asked) * len(asked) * 60 / QUIET
            if quiet.requests == begun.requests
            else max((quiet.daemons - begun.daemons) / QUIET - alone, 0.0) * 60
        ),
        busy_daemons=max((busy.daemons - quiet.daemons) / BUSY - alone, 0.0) * 60,
        age=_age(ending, told),
        untold=len(ending) - len(told),
    )


class _Spent(NamedTuple):
    """So far: commands with their words, other requests, seconds of the processors."""

    commands: Sequence[Sequence[str]]
    requests: int
    program: float
    daemons: float

    @property
    def calls(self) -> int:
        return len(self.commands) + self.requests


def _spent(site: Site, program: Program) -> _Spent:
    return _Spent(program.commands(), program.requests(), program.work(), _work(site))


def _answering(site: Site, asked: Sequence[Sequence[str]]) -> float:
    """Seconds of the daemons' processors for one of these commands: what it takes them in between is much less, and too
    little to be told from what they do by themselves.
    """
    again = asked[-AGAIN:]
    before = _work(site)
    for words in again:
        subprocess.run(words, env=site.environment, stdout=subprocess.DEVNULL, check=True)
    return (_work(site) - before) / max(len(again), 1)


def _work_alone(site: Site) -> float:
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
