"""HTCondor, as a site to be measured on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from tests.bench.batch.programs import Way
from tests.bench.batch.sites import NAME
from tests.bench.batch.ways import BARE, CONDOR, FEED, PARSL, SWEEP, asking, bare, ours, parsl
from tests.live.condor_server.pool import SCHEDD, Pool, running


class CondorSite:
    """A `Site`. Jobs stay in the queue when they have ended, as those of Parsl do, which looks nowhere else."""

    name = CONDOR
    commands = ("condor_submit", "condor_q", "condor_history", "condor_rm")

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder
        self._waiting: list[str] = []
        self._scripts = 0
        # Where our back end has the log of the jobs of a target.
        self._log = folder / "work" / "events"
        self._log.parent.mkdir(parents=True)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._pool.environment}

    @property
    def daemons(self) -> Sequence[int]:
        schedd = self._pool.pid(SCHEDD)
        assert schedd is not None
        return [schedd]

    @cached_property
    def ways(self) -> Mapping[str, Way]:
        return {
            BARE: bare("condor"),
            SWEEP: asking("htcondor", self._folder / "other work"),
            FEED: ours("htcondor", self._log.parent),
            PARSL: parsl("condor"),
        }

    def fill(self, count: int) -> Sequence[str]:
        more = count - len(self._waiting)
        self._waiting += self._submit("executable = /bin/true\nhold = true", more)
        return self._waiting

    def run(self, scripts: Sequence[str]) -> Sequence[str]:
        return [job for script in scripts for job in self._submit(self._description(script), 1)]

    def _description(self, script: str) -> str:
        self._scripts += 1
        file = self._folder / f"script-{self._scripts}"
        file.write_text(script)
        return f"executable = /bin/sh\narguments = {file}\ntransfer_executable = false"

    def _submit(self, description: str, count: int) -> Sequence[str]:
        lines = (
            description,
            f"batch_name = {NAME}",
            f"initialdir = {self._folder}",
            f"log = {self._log}",
            "should_transfer_files = no",
            "leave_in_queue = true",
            f"queue {count}",
        )
        told = self._pool.run("condor_submit", "-terse", stdin="".join(f"{line}\n" for line in lines))
        cluster = told.partition(".")[0]
        return [f"{cluster}.{number}" for number in range(count)]


@contextmanager
def condor(folder: Path) -> Iterator[CondorSite]:
    """One that runs, with nothing in it. Raises `NotInstalled`."""
    with running() as pool:
        yield CondorSite(pool, folder)
