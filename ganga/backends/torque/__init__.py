"""Jobs on Torque, spoken to by its own commands, or by those that Slurm has for people who are used to Torque's.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.torque.discovery import discover
    from ganga.backends.torque.opening import connect
    from ganga.backends.torque.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

_HOMES = {
    "Settings": "ganga.backends.torque.settings",
    "connect": "ganga.backends.torque.opening",
    "discover": "ganga.backends.torque.discovery",
    "policy": "ganga.backends.torque.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
