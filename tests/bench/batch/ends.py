"""How jobs end, and what is said of it: each program submits the same jobs, to which the same things happen, and what
it says of their ends is held against what was so, which Slurm's accounting confirms.

First the programs stand still, as on a machine that sleeps, while jobs end and the controller forgets them; then the
controller is away for a while.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from tests.bench.batch.inside.telling import COMPLETED, FAILED, KILLED, Errand
from tests.bench.batch.loads import INTERVAL
from tests.bench.batch.programs import Program, Told
from tests.bench.batch.slurm import SlurmSite
from tests.live.slurm_server.cluster import CONTROLLER

#: Seconds for which the programs stand still; for which the controller is away, so that several questions fail on end;
#: and after which no more is expected.
ASLEEP, AWAY, PATIENCE = 75.0, 80.0, 60.0
#: How many jobs of each kind.
EACH = 2

_MARK = "mark"
#: What Slurm's words for ends mean.
_ENDS = {"COMPLETED": COMPLETED, "CANCELLED": KILLED} | dict.fromkeys(("FAILED", "TIMEOUT"), FAILED)


class Done(Enum):
    """What is done to a job."""

    NOTHING = auto()
    CANCELLED_IN_THE_QUEUE = auto()
    CANCELLED = auto()
    CANCELLED_UNSEEN = auto()
    RUN_AGAIN = auto()


@dataclass(frozen=True)
class Kind:
    """What a job does, how it ends, and what is done to it."""

    script: str
    end: str
    done: Done = Done.NOTHING
    minutes: int = 10


#: `{mark}` is a file of the job's own.
KINDS: Mapping[str, Kind] = {
    "completes": Kind("sleep 3", COMPLETED),
    "fails": Kind("sleep 3; exit 3", FAILED),
    "ends by a signal": Kind("sleep 3; kill -9 $$", FAILED),
    "cancelled in the queue": Kind("sleep 600", KILLED, Done.CANCELLED_IN_THE_QUEUE),
    "cancelled as it runs": Kind("sleep 600", KILLED, Done.CANCELLED),
    "completes unseen": Kind("sleep 40", COMPLETED),
    "fails unseen": Kind("sleep 40; exit 3", FAILED),
    "cancelled unseen": Kind("sleep 600", KILLED, Done.CANCELLED_UNSEEN),
    "runs into its time limit": Kind("sleep 600", FAILED, minutes=1),
    "run again, then completes": Kind("sleep 20", COMPLETED, Done.RUN_AGAIN),
    "run again, then fails": Kind("test -e {mark} && exit 5; touch {mark}; sleep 60", FAILED, Done.RUN_AGAIN),
    "fails without a controller": Kind("sleep 130; exit 3", FAILED),
    "runs on without a controller": Kind("sleep 220", COMPLETED),
}


@dataclass(frozen=True)
class Judged:
    """What one program has said of its jobs."""

    right: int
    #: What it said, at once or later, of jobs of which it was not so, by their kinds.
    wrong: Mapping[str, Counter[str]]
    #: Kinds of jobs of whose end it said nothing.
    lost: Counter[str]

    @property
    def wrongs(self) -> int:
        """How many jobs."""
        return sum(counts.total() for counts in self.wrong.values())


def judged(site: SlurmSite, folder: Path) -> Mapping[str, Judged]:
    """Each way that there is to follow jobs."""
    with ExitStack() as stack:
        programs, jobs = _submitted(site, folder, stack)
        _live(site, folder, list(programs.values()), list(jobs.values()))
        _check(site, {job: _kind(key).end for own in jobs.values() for key, job in own.items()})
        for name, program in programs.items():
            program.until_told(list(jobs[name].values()), PATIENCE)
        return {name: _judge(jobs[name], program.told) for name, program in programs.items()}


def _submitted(
    site: SlurmSite, folder: Path, stack: ExitStack
) -> tuple[Mapping[str, Program], Mapping[str, Mapping[str, str]]]:
    """The programs, and the native ids of the jobs of each; none of these runs yet."""
    site.cluster.run("scontrol", "update", "partitionname=main", "state=down")
    programs: dict[str, Program] = {}
    for name, way in site.ways.items():
        own = folder / str(len(programs))
        errand = Errand(INTERVAL, str(own), submit=dict(_scripts(folder, str(len(programs)))))
        programs[name] = stack.enter_context(Program(way, errand, site.environment, site.commands))
    return programs, {name: program.ready() for name, program in programs.items()}


def _scripts(folder: Path, owner: str) -> Iterable[tuple[str, tuple[str, int]]]:
    for name, kind in KINDS.items():
        for number in range(EACH):
            mark = folder / f"{_MARK}-{owner}-{number}"
            yield f"{name}/{number}", (kind.script.replace("{mark}", str(mark)), kind.minutes)


def _live(site: SlurmSite, folder: Path, programs: Sequence[Program], jobs: Sequence[Mapping[str, str]]) -> None:
    """All that happens."""
    cluster = site.cluster
    cluster.run("scancel", *_which(jobs, Done.CANCELLED_IN_THE_QUEUE))
    cluster.run("scontrol", "update", "partitionname=main", "state=up")
    _until(lambda: "PENDING" not in cluster.run("squeue", "--noheader", "--format=%T"))
    _until(lambda: len(list(folder.glob(f"{_MARK}*"))) == EACH * len(programs))
    cluster.run("scancel", *_which(jobs, Done.CANCELLED))
    for job in _which(jobs, Done.RUN_AGAIN):
        cluster.run("scontrol", "requeue", job)
    time.sleep(4 * INTERVAL)
    for program in programs:
        program.pause()
    for job in _which(jobs, Done.RUN_AGAIN):
        cluster.run("scontrol", "update", f"jobid={job}", "starttime=now")
    cluster.run("scancel", *_which(jobs, Done.CANCELLED_UNSEEN))
    time.sleep(ASLEEP)
    for program in programs:
        program.go_on()
    time.sleep(4 * INTERVAL)
    cluster.stop_daemon(CONTROLLER)
    time.sleep(AWAY)
    cluster.start_daemon(CONTROLLER)
    cluster.until_ready()


def _which(jobs: Sequence[Mapping[str, str]], done: Done) -> list[str]:
    return [job for own in jobs for key, job in own.items() if _kind(key).done is done]


def _kind(key: str) -> Kind:
    return KINDS[key.partition("/")[0]]


def _check(site: SlurmSite, ends: Mapping[str, str]) -> None:
    """Return when all have ended and it is written down. Raises `RuntimeError` if they have not ended as they should.

    The script that a program puts around a job may end well when the job does not.
    """
    states: dict[str, str] = {}

    def ended() -> bool:
        lines = site.cluster.run("sacct", "-X", "-n", "-P", "--format=JobID,State", f"--jobs={','.join(ends)}")
        states.update((job, state.split()[0]) for job, _, state in (line.partition("|") for line in lines.splitlines()))
        return all(states.get(job) in _ENDS for job in ends)

    _until(ended)
    if wrong := {job: states[job] for job, end in ends.items() if _ENDS[states[job]] not in {end, COMPLETED}}:
        raise RuntimeError(f"these jobs have not ended as they should: {wrong}")


def _until(true: Callable[[], bool], within: float = 180.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError("the jobs do not become what they should")
        time.sleep(0.5)


def _judge(jobs: Mapping[str, str], told: Sequence[Told]) -> Judged:
    wrong: dict[str, Counter[str]] = {}
    lost: Counter[str] = Counter()
    for key, job in jobs.items():
        kind = key.partition("/")[0]
        others = [word.status for word in told if word.job == job and word.status != _kind(key).end]
        if others:
            wrong.setdefault(kind, Counter())[others[-1]] += 1
        elif not any(word.job == job for word in told):
            lost[kind] += 1
    right = len(jobs) - lost.total() - sum(counts.total() for counts in wrong.values())
    return Judged(right, wrong, lost)
