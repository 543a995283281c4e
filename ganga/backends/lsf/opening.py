"""Open a target on LSF."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import open_backend, open_shell
from ganga.backends.lsf.settings import Settings
from ganga.backends.lsf.words import Lsf


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Ask LSF once. Raises `BackendUnavailable`."""
    async with open_shell(settings, settings.timeout) as shell:
        yield await open_backend(
            Lsf(settings),
            shell,
            surroundings.target,
            folder=settings.work_folder,
            largest_array=settings.largest_array,
            commit_delay=settings.commit_delay,
        )
