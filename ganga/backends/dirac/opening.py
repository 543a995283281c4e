"""Open a target on DIRAC: take the road that the settings name, or the first that the installation offers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from ganga.backends.base import Surroundings
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.road import CredentialsExpired, Road, RoadModule
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable, ConfigurationError

#: The cheapest first.
_ROADS: Final = {
    RoadName.DIRACX: "ganga.backends.dirac.diracx",
    RoadName.HTTPS: "ganga.backends.dirac.https",
    RoadName.DIPS: "ganga.backends.dirac.dips",
    RoadName.CLIENT: "ganga.backends.dirac.client.services",
}

_log = logging.getLogger(__name__)


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[DiracBackend]:
    """Find a road on which the servers know us. Raises `BackendUnavailable` or `ConfigurationError`."""
    await asyncio.to_thread(_make, surroundings.folder)
    async with AsyncExitStack() as stack:
        road = await _take_a_road(settings, stack)
        yield DiracBackend(road, settings, surroundings.folder)


async def _take_a_road(settings: Settings, stack: AsyncExitStack) -> Road:
    names = list(_ROADS) if settings.road is RoadName.AUTO else [settings.road]
    failures: dict[RoadName, BackendUnavailable | ConfigurationError] = {}
    for name in names:
        try:
            async with AsyncExitStack() as trial:
                road = await trial.enter_async_context(_module(name).open_road(settings))
                identity = await road.whoami()
                stack.push_async_exit(trial.pop_all())
        except (BackendUnavailable, ConfigurationError) as error:
            failures[name] = error
        else:
            _log.info("DIRAC is spoken to over %s, as %s of %s", road.name, identity.owner, identity.group)
            return road
    raise _no_road(failures)


def _no_road(
    failures: dict[RoadName, BackendUnavailable | ConfigurationError],
) -> BackendUnavailable | ConfigurationError:
    """The one failure, or what is common to all of them: a road that is not configured is no obstacle to another."""
    unavailable = {name: error for name, error in failures.items() if isinstance(error, BackendUnavailable)}
    if len(failures) == 1 or len(unavailable) == 1:
        return next(iter((unavailable or failures).values()))
    words = "; ".join(f"{name}: {error}" for name, error in (unavailable or failures).items())
    if not unavailable:
        return ConfigurationError(f"no road to DIRAC is configured ({words})")
    if all(isinstance(error, CredentialsExpired) for error in unavailable.values()):
        return CredentialsExpired(words)
    return BackendUnavailable(words)


def _module(name: RoadName) -> RoadModule:
    try:
        return cast("RoadModule", import_module(_ROADS[name]))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the road {name} needs the Python module {error.name}; install it: pip install 'ganga[dirac]'"
        ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackendUnavailable(f"the folder for sandboxes cannot be made: {error}; make it writable") from error
