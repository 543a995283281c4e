"""Jobs on Torque, spoken to by its own commands, or by those that Slurm has for people who are used to Torque's.

What a target needs is loaded when it is opened: `import ganga` loads none of it.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.backends.torque.discovery import discover
    from ganga.backends.torque.opening import connect
    from ganga.backends.torque.settings import Settings, policy

__all__ = ["Settings", "connect", "discover", "policy"]

__getattr__ = loaded_on_use(
    __name__,
    {"Settings": "settings", "connect": "opening", "discover": "discovery", "policy": "settings"},
)
