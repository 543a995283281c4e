"""Open a target on Torque."""

from contextlib import AbstractAsyncContextManager

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.torque.over_slurm import OverSlurm
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the server once. Raises `BackendUnavailable` and `ConfigurationError`."""
    dialect = OverSlurm(settings) if settings.commands == "slurm" else Torque(settings)
    return connected(dialect, settings, surroundings.target)
