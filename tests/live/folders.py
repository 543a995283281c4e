"""Where the servers of the live tests are installed."""

from collections.abc import Mapping
from pathlib import Path

#: The variable with the folder below which servers are installed, and the folder without it.
VARIABLE = "GANGA_LIVE"
DEFAULT_FOLDER = Path("~/.cache/ganga-live")


def installed_in(environment: Mapping[str, str], server: str) -> Path:
    """The folder where this server is, or is to be, installed."""
    return Path(environment.get(VARIABLE) or DEFAULT_FOLDER).expanduser() / server
