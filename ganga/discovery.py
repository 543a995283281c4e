"""What targets could be made on this machine: each installed back end looks whether its system is here."""

import asyncio
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from ganga.backends.base import ENTRY_POINTS, Discovering, Discovery

#: Seconds that a back end has for that.
PATIENCE: Final = 5.0


async def discover(environment: Mapping[str, str] | None = None) -> dict[str, Discovery]:
    """What each back end has found, by its name, with the variables of the environment (by default this process's
    own). No server is asked, and the slowest of them takes a little more than `PATIENCE` at most.

    Back ends that have no way to look around are left out.
    """
    variables = dict(os.environ if environment is None else environment)
    entries = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    found = await asyncio.gather(*(_discover(entry, variables) for entry in entries))
    return {entry.name: one for entry, one in zip(entries, found, strict=True) if one is not None}


async def _discover(entry: EntryPoint, environment: Mapping[str, str]) -> Discovery | None:
    """Whatever is wrong with a plug-in is told in its own place."""
    try:
        plug_in = await asyncio.to_thread(entry.load)
        if not isinstance(plug_in, Discovering):
            return None
        async with asyncio.timeout(PATIENCE):
            return await plug_in.discover(environment)
    except TimeoutError:
        return Discovery(obstacle=f"it has not found anything out within {PATIENCE:g} seconds")
    except (ImportError, AttributeError) as error:
        return Discovery(obstacle=f"it cannot be loaded: {error}")
    except Exception as error:  # noqa: BLE001 - a bug in one plug-in does not hide the others
        return Discovery(obstacle=f"it failed to look around: {type(error).__name__}: {error}; report this bug")
