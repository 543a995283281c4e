"""Jobs on DIRAC and DiracX, followed over whichever protocol the installation offers.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.dirac.discovery import discover
    from ganga.backends.dirac.opening import connect
    from ganga.backends.dirac.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.dirac.settings",
    "connect": "ganga.backends.dirac.opening",
    "discover": "ganga.backends.dirac.discovery",
    "policy": "ganga.backends.dirac.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
