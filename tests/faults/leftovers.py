"""No process of a test outlives it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

#: One to end spooler and launchers, and others for what these have started meanwhile.
ROUNDS = 3


def end_all(folder: Path) -> None:
    """End every process that has to do with this folder, which is one test's alone, and see that all are gone."""
    for _ in range(ROUNDS):
        found = list(_processes(folder))
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=20)
    left = list(_processes(folder))
    assert not left, f"these do not end: {left}"


def _processes(folder: Path) -> Iterator[psutil.Process]:
    """Spooler, launchers and monitors have the folder in their command, jobs in their environment."""
    within = f"{folder}{os.sep}"
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [*process.cmdline(), *process.environ().values()]
            alive = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if alive and any(word.startswith(within) for word in words):
                yield process
