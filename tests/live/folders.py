"""The folders of the servers of the live tests: where they are installed, and what goes with them."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

#: The variable with the folder below which servers are installed, and the folder without it.
VARIABLE = "GANGA_LIVE"
DEFAULT_FOLDER = Path("~/.cache/ganga-live")
#: Seconds for which what has just been ended may still write into its folder.
_LAST_WORDS = 30.0


def installed_in(environment: Mapping[str, str], server: str) -> Path:
    """The folder where this server is, or is to be, installed."""
    return Path(environment.get(VARIABLE) or DEFAULT_FOLDER).expanduser() / server


def remove(folder: Path) -> None:
    """Remove what programs wrote into that have just been ended: the last of them may be about to write once more."""
    deadline = time.monotonic() + _LAST_WORDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
