"""Open a target on an ARC computing element."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from ganga.backends.base import Surroundings
from ganga.errors import ConfigurationError

if TYPE_CHECKING:
    from ganga.backends.arc.backend import ArcBackend
    from ganga.backends.arc.settings import Settings


@asynccontextmanager
async def connect(settings: "Settings", surroundings: Surroundings, /) -> AsyncIterator["ArcBackend"]:
    """See that the element answers. Raises `BackendUnavailable` or `ConfigurationError`."""
    try:
        # In a thread, since it takes a while.
        await asyncio.to_thread(import_module, "ganga.backends.arc.connecting")
    except ImportError as error:
        raise ConfigurationError(
            f"a target on ARC needs the Python module {error.name}; install it: pip install 'ganga[arc]'"
        ) from error
    from ganga.backends.arc.connecting import connected  # noqa: PLC0415 - only those need it who have the extra

    async with connected(settings, surroundings.folder) as backend:
        yield backend
