"""Find out whether Torque is on this machine."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import STATUS, TORQUE, Signs, look

_VERSION: Final = re.compile(r"^version:\s*\S+", re.MULTILINE | re.IGNORECASE)
#: Their ids of subjobs, and their words for them, are others.
_OLDER: Final = re.compile(r"version: 2\.[0-4]\b", re.IGNORECASE)
_SIGNS: Final = Signs(TORQUE, ("qsub", "qstat", "qdel"), STATUS, _VERSION)


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its servers are not asked. Slurm's wrappers are not found: Slurm itself is the better target."""
    found = await look(_SIGNS, environment)
    return replace(found, settings={"commands": "torque-2.4"}) if _OLDER.match(found.found) else found
