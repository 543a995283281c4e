"""Jobs on IBM Spectrum LSF, spoken to by its own commands.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.backends.lsf.discovery import discover
    from ganga.backends.lsf.opening import connect
    from ganga.backends.lsf.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

__getattr__ = loaded_on_use(
    __name__,
    {"Settings": "settings", "connect": "opening", "discover": "discovery", "policy": "settings"},
)
