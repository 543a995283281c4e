"""Open a target on this machine."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.local import spool
from ganga.backends.local.backend import LocalBackend
from ganga.backends.local.connection import Connection
from ganga.backends.local.limits import Limits
from ganga.backends.local.news import News
from ganga.backends.local.output import remove_leftovers
from ganga.backends.local.settings import Settings
from ganga.errors import BackendUnavailable

#: For the files of many jobs at once, so that other back ends do not wait for our disk.
_THREADS = 4


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[LocalBackend]:
    """Meet the spooler of the target's folder, which is started if there is none. Raises `BackendUnavailable`."""
    places = spool.Places(str(surroundings.folder.absolute()))
    news = News()
    limits = Limits(settings.jobs_at_once, settings.grace, settings.linger)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ganga-local") as threads:
        await asyncio.get_running_loop().run_in_executor(threads, _make, places)
        async with Connection(places, limits, news) as connection:
            backend = LocalBackend(places, connection, news, threads, settings.grace)
            try:
                yield backend
            finally:
                backend.close()


def _make(places: spool.Places) -> None:
    """Make the folders, and go on where an earlier removal was interrupted."""
    try:
        for folder in places.folders:
            Path(folder).mkdir(mode=spool.PRIVATE_FOLDER, parents=True, exist_ok=True)
        remove_leftovers(places)
    except OSError as error:
        raise BackendUnavailable(f"the folder of local jobs cannot be made: {error}; make it writable") from error
