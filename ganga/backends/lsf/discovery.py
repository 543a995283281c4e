"""Find out whether LSF is on this machine."""

import re
from collections.abc import Mapping
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import Signs, look

_SIGNS: Final = Signs(
    "LSF", ("bsub", "bjobs", "bkill", "bhist"), ("bjobs", "-V"), re.compile(r"^.*\bLSF\b.*?\d+(?:\.\d+)+", re.MULTILINE)
)


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its servers are not asked."""
    return await look(_SIGNS, environment)
