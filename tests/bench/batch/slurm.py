"""Slurm, as a site to be measured on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from tests.bench.batch.programs import Way
from tests.bench.batch.sites import NAME
from tests.bench.batch.ways import BARE, PARSL, PSIJ, SWEEP, bare, ours, parsl, psij
from tests.live.slurm_server.cluster import ACCOUNTING, CONTROLLER, DATABASE, Cluster, running
from tests.live.slurm_server.configuration import Wishes

#: Seconds for which Slurm by itself remembers what has ended.
USUAL_AGE = 300


class SlurmSite:
    """A `Site`."""

    name = "Slurm"
    commands = ("sbatch", "squeue", "sacct", "scontrol", "scancel")

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder
        self._waiting: list[str] = []

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.cluster.conf)}

    @property
    def daemons(self) -> Sequence[int]:
        return [self.cluster.processes.pids[name] for name in (CONTROLLER, ACCOUNTING, DATABASE)]

    @cached_property
    def ways(self) -> Mapping[str, Way]:
        return {
            BARE: bare("slurm"),
            SWEEP: ours("slurm", self._folder / "work"),
            PSIJ: psij(),
            PARSL: parsl("slurm"),
        }

    def fill(self, count: int) -> Sequence[str]:
        while len(self._waiting) < count:
            self._waiting.append(self._submit("--hold", "--wrap=true"))
        return self._waiting

    def run(self, scripts: Sequence[str]) -> Sequence[str]:
        return [self._submit(f"--wrap={script}") for script in scripts]

    def _submit(self, *words: str) -> str:
        return self.cluster.run("sbatch", "--parsable", f"--job-name={NAME}", "--output=/dev/null", *words)


@contextmanager
def slurm(folder: Path, *, min_job_age: int = USUAL_AGE) -> Iterator[SlurmSite]:
    """One that runs, with nothing in it, and forgets ends after so many seconds. Raises `NotInstalled`."""
    with running(Wishes(min_job_age=min_job_age, processors=512)) as cluster:
        yield SlurmSite(cluster, folder)
