"""Open a target on PBS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import open_backend, open_shell
from ganga.backends.pbs.settings import Settings
from ganga.backends.pbs.words import Pbs


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Ask the server once. Raises `BackendUnavailable`."""
    async with open_shell(settings, settings.timeout) as shell:
        yield await open_backend(
            Pbs(settings),
            shell,
            surroundings.target,
            folder=settings.work_folder,
            largest_array=settings.largest_array,
            commit_delay=settings.commit_delay,
        )
