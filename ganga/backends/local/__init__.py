"""Jobs on this machine, which outlive whoever started them.

The batch system is a small detached process, the *spooler*, one for each target. It keeps the queue and has a
*launcher* process for each job that runs; the truth is in the files of the job's folder, so that any of these processes
may be killed at any moment. Spooler and launchers import this package too and are to stay small: what only the monitor
needs is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.backends.local.opening import connect
    from ganga.backends.local.settings import Settings, policy

__all__ = ["Settings", "connect", "policy"]

__getattr__ = loaded_on_use(
    __name__,
    {"Settings": "settings", "connect": "opening", "policy": "settings"},
)
