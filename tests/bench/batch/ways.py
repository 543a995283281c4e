"""The programs that follow jobs, by what they are called."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.batch import peers
from tests.bench.batch.loads import INTERVAL
from tests.bench.batch.programs import Way

#: The least that can be asked, and the others beside us.
BARE, PSIJ, PARSL = "bare loop", "PSI/J", "Parsl's provider"
#: Ours: asking by commands at each interval, asking `slurmrestd` for what has changed, and listening to what the system
#: writes down by itself.
SWEEP, OVER_REST, FEED = "ganga, asking", "ganga, over REST", "ganga, listening"
OURS = (SWEEP, OVER_REST, FEED)
#: The systems, and the ways to follow jobs on each.
SLURM, CONDOR = "Slurm", "HTCondor"
THERE: Mapping[str, Sequence[str]] = {
    SLURM: (BARE, SWEEP, FEED, OVER_REST, PSIJ, PARSL),
    CONDOR: (BARE, SWEEP, FEED, PARSL),
}

_INSIDE = "tests.bench.batch.inside"


def bare(system: str) -> Way:
    """The bare loop."""
    return Way([sys.executable, "-m", f"{_INSIDE}.bare"], (system,))


def psij() -> Way:
    """PSI/J on Slurm."""
    return Way([peers.interpreter(os.environ), "-m", f"{_INSIDE}.psij_way"])


def parsl(system: str) -> Way:
    """Parsl's provider."""
    return Way([peers.interpreter(os.environ), "-m", f"{_INSIDE}.parsl_way"], (system,))


def asking(backend: str, work: Path) -> Way:
    """A monitor of ours on this machine's own system, which asks at each interval."""
    return ours(backend, work, "[targets.batch.pace]", f"fastest = {INTERVAL}", f"slowest = {INTERVAL}")


def ours(backend: str, work: Path, *more: str) -> Way:
    """The same at its own pace: where something tells of what is new, it asks seldom."""
    lines = (f'backend = "{backend}"', f'work_folder = "{work}"', "commit_delay = 2", *more)
    return Way([sys.executable, "-m", "tests.bench.batch.ours"], ("\n".join(lines),))
