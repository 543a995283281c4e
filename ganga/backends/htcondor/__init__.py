"""Jobs on HTCondor, spoken to by its own commands and followed by its event log.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.backends.htcondor.discovery import discover
    from ganga.backends.htcondor.opening import connect
    from ganga.backends.htcondor.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

__getattr__ = loaded_on_use(
    __name__,
    {"Settings": "settings", "connect": "opening", "discover": "discovery", "policy": "settings"},
)
