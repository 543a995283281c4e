"""Open a target on Slurm."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.workplace import Workplace, work_folder
from ganga.backends.slurm.settings import Settings
from ganga.backends.slurm.words import Slurm


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Make the folder for the files of jobs. Raises `BackendUnavailable`."""
    shell, dialect = HereShell(settings.timeout), Slurm(settings)
    root = await work_folder(shell, settings.work_folder, surroundings.target)
    place = Workplace(shell, root, dialect.variables)
    yield BatchBackend(dialect, shell, place, largest_array=settings.largest_array, commit_delay=settings.commit_delay)
