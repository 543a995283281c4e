"""Open a target on LSF."""

from contextlib import AbstractAsyncContextManager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.lsf.settings import Settings
from ganga.backends.lsf.words import Lsf


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask LSF once. Raises `BackendUnavailable` and `ConfigurationError`."""
    return connected(Lsf(settings), settings, surroundings.target)
