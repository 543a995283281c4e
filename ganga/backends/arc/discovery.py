"""Find out whether somebody uses ARC from this machine. Which computing element, only a person can say."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ganga.backends.base import Discovery

#: A command of ARC's client, and what that keeps for each user.
_COMMAND: Final = "arcsub"
_CONFIGURATION: Final = "~/.arc/client.conf"


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By ARC's own client, which is not needed; no server is asked."""
    return await asyncio.to_thread(_discover, environment)


def _discover(environment: Mapping[str, str]) -> Discovery:
    client, configuration = shutil.which(_COMMAND, path=environment.get("PATH")), Path(_CONFIGURATION).expanduser()
    if client is not None:
        found = f"ARC's client in {Path(client).parent}"
    elif configuration.is_file():
        found = f"the settings of ARC's client, {configuration}"
    else:
        return Discovery(
            obstacle="there is no trace of ARC's client here, and none is needed: name an element by `url`"
        )
    return Discovery(found, "name the computing element by the setting `url`: https://arc.example.org/arex")
