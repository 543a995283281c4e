"""Releases of Slurm in folders, beside that of the system: 24.11 of Debian 13, 23.11 and 25.11 of Ubuntu. See
`debian_packages`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from tests.live import debian_packages, system_packages
from tests.live.folders import installed_in
from tests.live.slurm_server.release import COMMANDS, DAEMONS, Release

_PACKAGES: Final = (
    "slurmctld",
    "slurmd",
    "slurm-client",
    "slurmdbd",
    "slurm-wlm-mysql-plugin",
    "slurmrestd",
    "slurm-wlm-jwt-plugin",
)
_PATTERNS: Final = (*(f"usr/bin/{name}" for name in COMMANDS), *(f"usr/sbin/{name}*" for name in DAEMONS))


@dataclass(frozen=True)
class Newer:
    """One of them."""

    programs: debian_packages.Programs
    #: By the program that shows that a package is there.
    SYSTEM_PACKAGES: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **debian_packages.SYSTEM_PACKAGES,
            "/usr/bin/unshare": "util-linux",
            "/usr/sbin/mariadbd": "mariadb-server",
        }
    )

    def check(self) -> None:
        """Raise `NotInstalled` unless it is there, whole."""
        name = self.programs.server
        command = f"python -m tests.live.provision {name} --install-only"
        system_packages.check(self.programs.title, self.SYSTEM_PACKAGES, command)
        self.here()

    def release(self, folder: Path) -> Release:
        """That of the folder. Raises `NotInstalled` if there is none, or an unfinished or old one."""
        return Release(self.programs.root(folder))

    def here(self) -> Release:
        """That of the folder where the tests look for it. Raises `NotInstalled`."""
        return self.release(installed_in(os.environ, self.programs.server))

    def install(self, folder: Path) -> None:
        """Lay it into this folder, unless it is there. Raises `NotInstalled` where system packages are missing and
        this user may not install them.
        """
        system_packages.install(self.SYSTEM_PACKAGES)
        self.programs.install(folder)


def _newer(version: str, suite: debian_packages.Suite) -> Newer:
    server = f"slurm_{version.partition('.')[0]}"
    return Newer(debian_packages.Programs(f"Slurm {version}", server, _PACKAGES, _PATTERNS, suite))


#: By the names by which `provision` knows them.
NEWER: Final[Mapping[str, Newer]] = MappingProxyType(
    {
        newer.programs.server: newer
        for newer in (
            _newer("23.11", debian_packages.Suite("noble", is_ubuntu=True)),
            _newer("24.11", debian_packages.TRIXIE),
            _newer("25.11", debian_packages.Suite("resolute", is_ubuntu=True)),
        )
    }
)
