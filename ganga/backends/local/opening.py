"""Open a target on this machine."""

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.local import address, spool
from ganga.backends.local.backend import LocalBackend
from ganga.backends.local.connection import Connection
from ganga.backends.local.news import News
from ganga.backends.local.settings import Settings
from ganga.backends.local.spooler import Limits
from ganga.errors import BackendUnavailable

#: For the files of many jobs at once, so that other back ends do not wait for our disk.
_THREADS = 4


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[LocalBackend]:
    """Meet the spooler of the target's folder, which is started if there is none. Raises `BackendUnavailable`."""
    folder = Path(os.path.abspath(surroundings.folder))
    _make(folder)
    news = News()
    limits = Limits(settings.jobs_at_once, settings.grace, settings.linger)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ganga-local") as threads:
        async with Connection(folder, limits, news) as connection:
            backend = LocalBackend(folder / address.JOBS, connection, news, threads, settings.grace)
            try:
                yield backend
            finally:
                backend.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=spool.PRIVATE_FOLDER, parents=True, exist_ok=True)
        (folder / address.JOBS).mkdir(mode=spool.PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise BackendUnavailable(f"the folder of local jobs cannot be made: {error}; make it writable") from error
