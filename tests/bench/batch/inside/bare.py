"""The least that a program can do: one question for the queue at each interval, and one for the history of what is not
in it. The second argument is ``slurm`` or ``condor``.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.batch.inside.telling import COMPLETED, FAILED, KILLED, Teller, at_intervals, errand, until_over

#: What HTCondor says, in Slurm's words.
_STATE: Final = (
    'ifThenElse(JobStatus == 4, ifThenElse(ExitCode =?= 0, "COMPLETED", "FAILED"), '
    'ifThenElse(JobStatus == 3, "CANCELLED", "LIVES"))'
)
_WORDS: Final = {"COMPLETED": COMPLETED, "CANCELLED": KILLED, "PREEMPTED": KILLED} | dict.fromkeys(
    ("FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE"), FAILED
)


@dataclass(frozen=True)
class System:
    """What is asked; each answer has a job and its state on a line."""

    queue: tuple[str, ...]
    #: The jobs follow.
    history: tuple[str, ...]
    #: Between several jobs in one word; None if each is a word of its own.
    joined: str | None = None


_SYSTEMS: Final = {
    "slurm": System(
        ("squeue", "--me", "--states=all", "--noheader", "--format=%i %T"),
        ("sacct", "--allocations", "--noheader", "--parsable2", "--delimiter= ", "--format=JobID,State", "--jobs"),
        joined=",",
    ),
    "condor": System(("condor_q", "-autoformat:j", _STATE), ("condor_history", "-autoformat:j", _STATE)),
}


class Asking:
    """Asks, and compares."""

    def __init__(self, system: System, teller: Teller) -> None:
        self._system = system
        self._teller = teller
        self.live: set[str] = set()

    def ask(self) -> None:
        """Nothing follows from a question that fails."""
        queue = _rows(_run(*self._system.queue))
        if queue is None:
            return
        missing = self.live - queue.keys()
        history = self._history(missing) if missing else {}
        self._tell({**history, **queue})

    def _history(self, jobs: set[str]) -> Mapping[str, str]:
        words = jobs if self._system.joined is None else [self._system.joined.join(jobs)]
        return _rows(_run(*self._system.history, *words)) or {}

    def _tell(self, states: Mapping[str, str]) -> None:
        for native_id in self.live & states.keys():
            word = _WORDS.get(states[native_id])
            if word is not None:
                self.live.discard(native_id)
                self._teller.ended(native_id, word)


def _submitted(scripts: Mapping[str, tuple[str, int]], folder: Path) -> Mapping[str, str]:
    """To Slurm, each as a job of its own."""
    submitted = {}
    for key, (script, minutes) in scripts.items():
        words = ("sbatch", "--parsable", f"--output={folder}/%j", f"--time={minutes}")
        submitted[key] = _run(*words, stdin=f"#!/bin/sh\n{script}\n") or ""
    return submitted


def _run(*words: str, stdin: str = "") -> str | None:
    """What it says; None if it fails."""
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        return None
    return done.stdout.strip()


def _rows(text: str | None) -> Mapping[str, str] | None:
    """The first word of each state: ``CANCELLED by 0``."""
    return None if text is None else {line.split()[0]: line.split()[1] for line in text.splitlines()}


def _main() -> None:
    wanted, teller = errand(), Teller()
    asking = Asking(_SYSTEMS[sys.argv[2]], teller)
    submitted = _submitted(wanted.submit, Path(wanted.folder))
    asking.live.update(wanted.follow, submitted.values())
    teller.follows(submitted)
    at_intervals(wanted.interval, asking.ask)
    until_over()


if __name__ == "__main__":
    _main()
