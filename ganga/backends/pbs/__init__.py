"""Jobs on OpenPBS and PBS Professional, spoken to by their own commands.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.pbs.discovery import discover
    from ganga.backends.pbs.opening import connect
    from ganga.backends.pbs.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.pbs.settings",
    "connect": "ganga.backends.pbs.opening",
    "discover": "ganga.backends.pbs.discovery",
    "policy": "ganga.backends.pbs.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
