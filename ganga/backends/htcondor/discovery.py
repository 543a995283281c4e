"""Find out whether HTCondor is on this machine."""

import re
from collections.abc import Mapping
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.discovery import Signs, look

_COMMANDS: Final = ("condor_submit", "condor_q", "condor_history", "condor_rm")
_SIGNS: Final = Signs(
    "HTCondor", _COMMANDS, ("condor_version",), re.compile(r"(?<=Condor)Version: [0-9]+\.[0-9]+\.[0-9]+")
)


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its commands; its daemons are not asked."""
    return await look(_SIGNS, environment)
