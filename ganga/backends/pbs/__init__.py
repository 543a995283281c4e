"""Jobs on OpenPBS and PBS Professional, spoken to by their own commands.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.backends.pbs.discovery import discover
    from ganga.backends.pbs.opening import connect
    from ganga.backends.pbs.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

__getattr__ = loaded_on_use(
    __name__,
    {"Settings": "settings", "connect": "opening", "discover": "discovery", "policy": "settings"},
)
