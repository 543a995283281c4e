"""Jobs on IBM Spectrum LSF, spoken to by its own commands.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.lsf.discovery import discover
    from ganga.backends.lsf.opening import connect
    from ganga.backends.lsf.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.lsf.settings",
    "connect": "ganga.backends.lsf.opening",
    "discover": "ganga.backends.lsf.discovery",
    "policy": "ganga.backends.lsf.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
