"""Parsl: its provider for a batch system, asked as Parsl asks it. Run in the environment of peers.

The second argument is ``slurm`` or ``condor``.
"""

import shlex
import sys
from importlib import import_module
from typing import Any, Final

from tests.bench.batch.inside.telling import COMPLETED, FAILED, KILLED, Errand, Teller, at_intervals, errand, until_over

_WORDS: Final = {"COMPLETED": COMPLETED, "FAILED": FAILED, "TIMEOUT": FAILED, "MISSING": FAILED, "CANCELLED": KILLED}


class Asking:
    """Asks the provider at each interval, and compares."""

    def __init__(self, wanted: Errand, teller: Teller, system: str) -> None:
        self._wanted = wanted
        self._teller = teller
        self._provider = _provider(system, wanted.folder)
        self._told: dict[str, str] = {}

    def begin(self) -> None:
        """Submit, or take over what is there: a provider has no verb for that."""
        states = import_module("parsl.jobs.states")
        for native_id in self._wanted.follow:
            status = states.JobStatus(states.JobState.PENDING)
            self._provider.resources[native_id] = {"status": status, "job_stdout_path": "", "job_stderr_path": ""}
        submitted: dict[str, str] = {}
        for key, (script, minutes) in self._wanted.submit.items():
            self._provider.walltime = f"00:{minutes:02}:00"
            submitted[key] = self._provider.submit(f"sh -c {shlex.quote(script)}", 1, f"job-{len(submitted)}")
        self._teller.follows(submitted)

    def ask(self) -> None:
        """All at once, as Parsl does."""
        ids = list(self._provider.resources)
        for native_id, status in zip(ids, self._provider.status(ids), strict=True):
            word = _WORDS.get(status.state.name)
            if word is not None and self._told.get(native_id) != word:
                self._told[native_id] = word
                self._teller.ended(native_id, word)


def _provider(system: str, folder: str) -> Any:
    options = {"init_blocks": 0, "max_blocks": 1_000_000}
    if system == "slurm":
        provider = import_module("parsl.providers").SlurmProvider(exclusive=False, **options)
    else:
        provider = import_module("parsl.providers").CondorProvider(**options)
    provider.script_dir = folder
    return provider


def _main(wanted: Errand, teller: Teller, system: str) -> None:
    asking = Asking(wanted, teller, system)
    asking.begin()
    at_intervals(wanted.interval, asking.ask)
    until_over()


if __name__ == "__main__":
    _main(errand(), Teller(), sys.argv[2])
