"""Slurm, as a site to be measured on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.batch.programs import Way
from tests.bench.batch.sites import NAME
from tests.bench.batch.ways import BARE, FEED, OVER_REST, PARSL, PSIJ, SLURM, SWEEP, asking, bare, ours, parsl, psij
from tests.bench.dirac.relay import HOST, Relay, relaying
from tests.live.slurm_server.cluster import ACCOUNTING, CONTROLLER, DATABASE, REST, Cluster, running
from tests.live.slurm_server.configuration import COMPLETIONS, Wishes

#: Seconds for which Slurm by itself remembers what has ended.
USUAL_AGE = 300
DAY = 86_400


class SlurmSite:
    """A `Site`."""

    name = SLURM
    commands = ("sbatch", "squeue", "sacct", "scontrol", "scancel")

    def __init__(self, cluster: Cluster, folder: Path, relay: Relay) -> None:
        self.cluster = cluster
        self._folder = folder
        self._relay = relay
        self._waiting: list[str] = []

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.cluster.conf)}

    @property
    def daemons(self) -> Sequence[int]:
        return [self.cluster.processes.pids[name] for name in (CONTROLLER, REST, ACCOUNTING, DATABASE)]

    @cached_property
    def ways(self) -> Mapping[str, Way]:
        return {
            BARE: bare("slurm"),
            SWEEP: asking("slurm", self._folder / "work"),
            FEED: self._listening(),
            OVER_REST: self._over_rest(),
            PSIJ: psij(),
            PARSL: parsl("slurm"),
        }

    def fill(self, count: int) -> Sequence[str]:
        while len(self._waiting) < count:
            self._waiting.append(self._submit("--hold", "--wrap=true"))
        return self._waiting

    def run(self, scripts: Sequence[str]) -> Sequence[str]:
        return [self._submit(f"--wrap={script}") for script in scripts]

    def _listening(self) -> Way:
        """To the log of completions."""
        log = self.cluster.folder / COMPLETIONS
        return ours("slurm", self._folder / "work", f'completion_log = "{log}"')

    def _over_rest(self) -> Way:
        """Through a relay that counts."""
        token = self._folder / "token"
        token.touch(0o600)
        token.write_text(self.cluster.token(DAY))
        port = self._relay.to(urlsplit(self.cluster.rest_url).port or 0)
        lines = (f'rest_url = "http://{HOST}:{port}"', f'token_file = "{token}"')
        return replace(ours("slurm", self._folder / "work", *lines), requests=lambda: self._relay.passed.turns)

    def _submit(self, *words: str) -> str:
        return self.cluster.run("sbatch", "--parsable", f"--job-name={NAME}", "--output=/dev/null", *words)


@contextmanager
def slurm(folder: Path, *, min_job_age: int = USUAL_AGE) -> Iterator[SlurmSite]:
    """One that runs, with nothing in it, and forgets ends after so many seconds. Raises `NotInstalled`."""
    wishes = Wishes(rest=True, completions=True, min_job_age=min_job_age, processors=512)
    with running(wishes) as cluster, relaying() as relay:
        yield SlurmSite(cluster, folder, relay)
