"""Jobs on this machine, which outlive whoever started them.

The batch system is a small detached process, the *spooler*, one for each target. It keeps the queue and has a
*launcher* process for each job that runs; the truth is in the files of the job's folder, so that any of these processes
may be killed at any moment. Spooler and launchers import this package too and are to stay small: what only the monitor
needs is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganga.backends.local.opening import connect
    from ganga.backends.local.settings import Settings, policy

__all__ = ["Settings", "connect", "policy"]

_HOMES = {
    "Settings": "ganga.backends.local.settings",
    "connect": "ganga.backends.local.opening",
    "policy": "ganga.backends.local.settings",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
