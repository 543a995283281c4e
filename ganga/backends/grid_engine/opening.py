"""Open a target on Grid Engine."""

from contextlib import AbstractAsyncContextManager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the queue master once. Raises `BackendUnavailable` and `ConfigurationError`."""
    return connected(GridEngine(settings), settings, surroundings.target)
