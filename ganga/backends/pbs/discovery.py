"""Find out whether OpenPBS or PBS Professional is on this machine."""

import re
from collections.abc import Mapping
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import OPENPBS, STATUS, Signs, look

_SIGNS: Final = Signs(OPENPBS, ("qsub", "qstat", "qdel"), STATUS, re.compile(r"pbs_version\s*=\s*\S+"))


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its servers are not asked."""
    return await look(_SIGNS, environment)
