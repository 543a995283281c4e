"""Jobs on HTCondor, spoken to by its own commands and followed by its event log.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.htcondor.discovery import discover
    from ganga.backends.htcondor.opening import connect
    from ganga.backends.htcondor.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.htcondor.settings",
    "connect": "ganga.backends.htcondor.opening",
    "discover": "ganga.backends.htcondor.discovery",
    "policy": "ganga.backends.htcondor.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
