"""Open a target on Slurm."""

from contextlib import AbstractAsyncContextManager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.slurm.settings import Settings
from ganga.backends.slurm.words import Slurm


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the controller once. Raises `BackendUnavailable` and `ConfigurationError`."""
    return connected(Slurm(settings), settings, surroundings.target)
