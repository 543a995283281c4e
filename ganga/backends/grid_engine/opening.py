"""Open a target on Grid Engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.opening import open_backend
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Ask the queue master once. Raises `BackendUnavailable`."""
    yield await open_backend(
        GridEngine(settings),
        HereShell(settings.timeout),
        surroundings.target,
        folder=settings.work_folder,
        largest_array=settings.largest_array,
        commit_delay=settings.commit_delay,
    )
