"""Opens a store by its location, of whatever kind it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.errors import ConfigurationError, StoreUnavailable
from ganga.model.ids import shortened
from ganga.store.base import Store
from ganga.store.configured import open_configured
from ganga.store.location import SCHEMES, check_url


@asynccontextmanager
async def open_store(
    location: str, owner: str | None = None, *, new: bool = False, passing: bool = False
) -> AsyncIterator[Store]:
    """The store at a path, or at a URL of PostgreSQL with the jobs of this owner.

    With `new` a file is made if it is not there; with `passing` it may take part in a move. Raises `ConfigurationError`
    for a URL of another kind or with a password, and what opening the store raises.
    """
    scheme, separator, _ = location.partition("://")
    url = location if separator else None
    if url is not None:
        if scheme not in SCHEMES:
            raise ConfigurationError(
                f"there is no kind of store for {shortened(scheme)}://...; "
                "expected the path of a file, or postgresql://..."
            )
        check_url(url, "the URL of the store")
    path = await asyncio.to_thread(_path, location)
    if url is None and not new and not await asyncio.to_thread(path.exists):
        raise StoreUnavailable(f"there is no store at {path}; look for a slip of the keyboard")
    async with open_configured(path, url, owner, passing=passing) as store:
        yield store


def _path(location: str) -> Path:
    return Path(location).expanduser().absolute()
