"""Torque 2.4 of Ubuntu 16.04, the last one that any registry has, in a folder: see `debian_packages`."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import debian_packages, system_packages
from tests.live.folders import installed_in

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {**debian_packages.SYSTEM_PACKAGES, "/usr/bin/unshare": "util-linux"}
)
#: Of users, and of administrators.
COMMANDS: Final = ("qsub", "qstat", "qdel", "qhold", "qrls", "qrerun", "qmgr", "pbsnodes")
_PROGRAMS: Final = debian_packages.Programs(
    "Torque",
    "torque",
    ("torque-server", "torque-mom", "torque-scheduler", "torque-client", "torque-common"),
    (*(f"usr/bin/{name}" for name in COMMANDS), "usr/sbin/pbs_*"),
    debian_packages.Suite("xenial", is_ubuntu=True),
)


def here() -> Path:
    """The folder where the tests look for it."""
    return installed_in(os.environ, _PROGRAMS.server)


def check() -> None:
    """Raise `NotInstalled` unless it is there, whole, and this user may run it."""
    if os.geteuid() != 0:
        raise system_packages.NotInstalled("the daemons of Torque run as root only")
    release(here())


def release(folder: Path) -> Path:
    """Where its packages were laid out. Raises `NotInstalled` if there are none, or unfinished or old ones."""
    return _PROGRAMS.root(folder)


def install(folder: Path) -> None:
    """Lay it into this folder, unless it is there. Raises `NotInstalled` where system packages are missing and this
    user may not install them.
    """
    system_packages.install(SYSTEM_PACKAGES)
    _PROGRAMS.install(folder)
