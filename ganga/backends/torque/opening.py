"""Open a target on Torque."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Final

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import connected
from ganga.backends.torque.older import Older
from ganga.backends.torque.over_slurm import OverSlurm
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque

_DIALECTS: Final[Mapping[str, Callable[[Settings], Torque]]] = MappingProxyType(
    {"torque": Torque, "torque-2.4": Older, "slurm": OverSlurm}
)


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the server once. Raises `BackendUnavailable` and `ConfigurationError`."""
    dialect = _DIALECTS[settings.commands](settings)
    return connected(dialect, settings, surroundings.target)
