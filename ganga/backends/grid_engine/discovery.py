"""Find out whether Grid Engine is on this machine."""

import re
from collections.abc import Mapping
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import GRID_ENGINE, STATUS, Signs, look

_SIGNS: Final = Signs(
    GRID_ENGINE, ("qsub", "qstat", "qdel", "qacct"), STATUS, re.compile(r"\b(?:SGE|GE|UGE|AGE|OGS/GE) \d\S*")
)


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its servers are not asked."""
    return await look(_SIGNS, environment)
