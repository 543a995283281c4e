"""Slurm 24.11 of Debian 13 in a folder, beside that of the system: see `debian_packages`."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import debian_packages, system_packages
from tests.live.folders import installed_in
from tests.live.slurm_server.release import COMMANDS, DAEMONS, Release

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **debian_packages.SYSTEM_PACKAGES,
        "/usr/bin/unshare": "util-linux",
        "/usr/sbin/mariadbd": "mariadb-server",
    }
)
_PROGRAMS: Final = debian_packages.Programs(
    "Slurm 24.11",
    "slurm_24",
    (
        "slurmctld",
        "slurmd",
        "slurm-client",
        "slurmdbd",
        "slurm-wlm-mysql-plugin",
        "slurmrestd",
        "slurm-wlm-jwt-plugin",
    ),
    (*(f"usr/bin/{name}" for name in COMMANDS), *(f"usr/sbin/{name}*" for name in DAEMONS)),
)


def check() -> None:
    """Raise `NotInstalled` unless it is there, whole."""
    system_packages.check("Slurm 24.11", SYSTEM_PACKAGES, "python -m tests.live.provision slurm_24 --install-only")
    release(installed_in(os.environ, _PROGRAMS.server))


def release(folder: Path) -> Release:
    """That of the folder. Raises `NotInstalled` if there is none, or an unfinished or old one."""
    return Release(_PROGRAMS.root(folder))


def here() -> Release:
    """That of the folder where the tests look for it. Raises `NotInstalled`."""
    return release(installed_in(os.environ, _PROGRAMS.server))


def install(folder: Path) -> None:
    """Lay it into this folder, unless it is there. Raises `NotInstalled` where system packages are missing and this
    user may not install them.
    """
    system_packages.install(SYSTEM_PACKAGES)
    _PROGRAMS.install(folder)
