"""Find out whether Torque is on this machine."""

import re
from collections.abc import Mapping
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import STATUS, TORQUE, Signs, look

_VERSION: Final = re.compile(r"^version:\s*\S+", re.MULTILINE | re.IGNORECASE)
_SIGNS: Final = Signs(TORQUE, ("qsub", "qstat", "qdel"), STATUS, _VERSION)


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its servers are not asked. Slurm's wrappers are not found: Slurm itself is the better target."""
    return await look(_SIGNS, environment)
