"""Open a target on Grid Engine."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import PurePosixPath

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.ends_log import EndsLog
from ganga.backends.batch.opening import connected
from ganga.backends.grid_engine import completions, ids
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine


def connect(settings: Settings, surroundings: Surroundings, /) -> AbstractAsyncContextManager[BatchBackend]:
    """Ask the queue master once. Raises `BackendUnavailable` and `ConfigurationError`."""
    path = PurePosixPath(settings.accounting_file)
    source = partial(EndsLog, path=path, read=completions.read, place=ids.place) if settings.accounting_file else None
    return connected(GridEngine(settings), settings, surroundings.target, source=source)
