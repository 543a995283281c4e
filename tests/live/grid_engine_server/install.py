"""Grid Engine from the system's packages; the daemons that these bring are not started.

The package slurm-wlm-torque has programs of the same names, and goes when these come.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.live import system_packages
from tests.live.clocks import LIBRARY as WRONG_CLOCK

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/sbin/sge_qmaster": "gridengine-master",
        "/usr/sbin/sge_execd": "gridengine-exec",
        "/usr/lib/gridengine/qstat": "gridengine-client",
        "/usr/bin/setpriv": "util-linux",
        # For machines whose clocks are wrong.
        WRONG_CLOCK: "faketime",
    }
)
COMMAND: Final = "python -m tests.live.provision grid_engine --install-only"


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    system_packages.check("Grid Engine", SYSTEM_PACKAGES, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)
