"""Which roads lead to DIRAC, and the first of them on which the servers know us."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Final, TypeAlias, cast

from ganga.backends.dirac.road import CredentialsExpired, Identity, Road, RoadModule
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable, ConfigurationError

#: The cheapest first.
ROADS: Final = {
    RoadName.DIRACX: "ganga.backends.dirac.diracx",
    RoadName.HTTPS: "ganga.backends.dirac.https",
    RoadName.DIPS: "ganga.backends.dirac.dips",
    RoadName.CLIENT: "ganga.backends.dirac.client.services",
}

#: Seconds for each of several roads to answer, so that the last is tried before whoever waits has gone. DIRAC's client,
#: which has to be loaded first, has limits of its own.
_ANSWERS_WITHIN: Final = 12.0

#: Raises `BackendUnavailable` for a road that is not to be taken.
Check: TypeAlias = Callable[[RoadName, Road, Identity], Awaitable[None]]
_Failures: TypeAlias = dict[RoadName, BackendUnavailable | ConfigurationError]


@dataclass(frozen=True, slots=True)
class Taken:
    """A road that is open until its stack is closed."""

    name: RoadName
    road: Road
    identity: Identity
    stack: AsyncExitStack


async def take(names: Sequence[RoadName], settings: Settings, check: Check) -> Taken:
    """The first of these roads that works. Raises `BackendUnavailable` or `ConfigurationError`."""
    failures: _Failures = {}
    for name in names:
        limit = None if len(names) == 1 or name is RoadName.CLIENT else _ANSWERS_WITHIN
        try:
            async with asyncio.timeout(limit):
                return await _take(name, settings, check)
        except (BackendUnavailable, ConfigurationError) as error:
            failures[name] = error
        except TimeoutError:
            failures[name] = BackendUnavailable(f"no answer within {limit:g} s")
    raise _no_road(failures)


async def _take(name: RoadName, settings: Settings, check: Check) -> Taken:
    async with AsyncExitStack() as trial:
        road = await trial.enter_async_context(_module(name).open_road(settings))
        identity = await road.whoami()
        await check(name, road, identity)
        return Taken(name, road, identity, trial.pop_all())


def _no_road(failures: _Failures) -> BackendUnavailable | ConfigurationError:
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
        return cast("RoadModule", import_module(ROADS[name]))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the road {name} needs the Python module {error.name}; install it: pip install 'ganga[dirac]'"
        ) from error
