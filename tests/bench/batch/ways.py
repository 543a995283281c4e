"""The programs that follow jobs, by what they are called."""

import os
import sys
from pathlib import Path

from tests.bench.batch import peers
from tests.bench.batch.loads import INTERVAL
from tests.bench.batch.programs import Way

#: The least that can be asked, and the others beside us.
BARE, PSIJ, PARSL = "bare loop", "PSI/J", "Parsl's provider"
#: Ours: asking at each interval, and listening to what the system says by itself.
SWEEP, FEED = "ganga, asking", "ganga, listening"
OURS = (SWEEP, FEED)

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


def ours(backend: str, work: Path, *more: str, interval: float = INTERVAL) -> Way:
    """A monitor of ours, on this machine's own system; with more lines of settings, and so many seconds from one sweep
    to the next.
    """
    lines = (
        f'backend = "{backend}"',
        f'work_folder = "{work}"',
        "commit_delay = 2",
        *more,
        "[targets.batch.pace]",
        f"fastest = {interval}",
        f"slowest = {interval}",
    )
    return Way([sys.executable, "-m", "tests.bench.batch.ours"], ("\n".join(lines),))
