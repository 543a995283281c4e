"""Open a target on PBS."""

from contextlib import AbstractAsyncContextManager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.pbs.settings import Settings
from ganga.backends.pbs.words import Pbs


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the server once. Raises `BackendUnavailable` and `ConfigurationError`."""
    return connected(Pbs(settings), settings, surroundings.target)
