"""Open a target on DIRAC: take the road that the settings name, or the first that the installation offers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.dirac import remembering
from ganga.backends.dirac.outage import Outage
from ganga.backends.dirac.remembering import Memory
from ganga.backends.dirac.road import Identity, Road
from ganga.backends.dirac.roads import ROADS, take
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.errors import BackendUnavailable

_log = logging.getLogger(__name__)


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[SwitchingBackend]:
    """Find a road on which the servers know us. Raises `BackendUnavailable` or `ConfigurationError`."""
    folder = surroundings.folder
    memory = await asyncio.to_thread(_prepare, folder, settings)

    async def check(name: RoadName, road: Road, identity: Identity) -> None:
        await remembering.check(memory, name, road, identity)

    taken = await take(_in_order(settings, memory), settings, check)
    memory = remembering.remembered(taken.name, taken.identity, settings, memory)
    backend = SwitchingBackend(taken, settings, folder, memory, Outage())
    try:
        await asyncio.to_thread(remembering.save, folder, memory)
        _log.info(
            "DIRAC is spoken to over %s, as %s of %s", taken.road.name, taken.identity.owner, taken.identity.group
        )
        yield backend
    finally:
        await backend.close()


def _in_order(settings: Settings, memory: Memory | None) -> list[RoadName]:
    """The road of the last time first: it is likely to be open, and its servers know our jobs."""
    if settings.road is not RoadName.AUTO:
        return [settings.road]
    return list(ROADS) if memory is None else [memory.road, *(name for name in ROADS if name is not memory.road)]


def _prepare(folder: Path, settings: Settings) -> Memory | None:
    """Make the target's folder; what is remembered there. Blocks."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackendUnavailable(f"the folder for sandboxes cannot be made: {error}; make it writable") from error
    return remembering.load(folder, settings)
