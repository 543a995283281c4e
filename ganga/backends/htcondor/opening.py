"""Open a target on HTCondor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.opening import open_backend, open_shell
from ganga.backends.batch.tailing import GrowingFile
from ganga.backends.batch.workplace import work_folder
from ganga.backends.htcondor.description import is_plain
from ganga.backends.htcondor.log import CLOSING, EventLog
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.spool import Spool
from ganga.backends.htcondor.words import HTCondor
from ganga.errors import ConfigurationError

_EVENTS: Final = "events"


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Ask the queue once. Raises `BackendUnavailable` and `ConfigurationError`."""
    async with open_shell(settings, settings.timeout) as shell:
        folder = await work_folder(shell, settings.work_folder, surroundings.target)
        if not is_plain(folder):
            raise ConfigurationError(
                f"HTCondor would make something else of the name of the folder {folder}; set work_folder to one without"
                " dollars, quotes, backslashes, and blanks at its ends"
            )
        dialect = HTCondor(settings, folder / _EVENTS)
        if not settings.spool:
            source = EventLog(GrowingFile(shell, folder / _EVENTS, closing=CLOSING))
            yield await open_backend(dialect, shell, settings, surroundings.target, source=source)
            return
        async with open_shell(settings, settings.transfer_timeout) as transfers:
            depot = partial(Spool, dialect, shell, transfers)
            yield await open_backend(dialect, shell, settings, surroundings.target, depot=depot)
