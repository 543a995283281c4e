"""Jobs on NorduGrid ARC computing elements, spoken to over the REST interface of A-REX.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.arc.discovery import discover
    from ganga.backends.arc.opening import connect
    from ganga.backends.arc.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.arc.settings",
    "connect": "ganga.backends.arc.opening",
    "discover": "ganga.backends.arc.discovery",
    "policy": "ganga.backends.arc.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
