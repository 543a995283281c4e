"""Slurm from the system's packages; the daemons that these bring are not started."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

#: By the program or library that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/sbin/slurmctld": "slurmctld",
        "/usr/sbin/slurmd": "slurmd",
        "/usr/bin/sbatch": "slurm-client",
        "/usr/sbin/slurmdbd": "slurmdbd",
        "/usr/sbin/mariadbd": "mariadb-server",
        "/usr/lib/*/slurm-wlm/accounting_storage_mysql.so": "slurm-wlm-mysql-plugin",
        "/usr/bin/setpriv": "util-linux",
    }
)
COMMAND: Final = "python -m tests.live.provision slurm --install-only"


class NotInstalled(Exception):
    """Something is missing; the text says what to do."""


def missing_packages() -> list[str]:
    """The system packages that are still needed."""
    root = Path("/")
    return sorted(package for file, package in SYSTEM_PACKAGES.items() if not any(root.glob(file.removeprefix("/"))))


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    if packages := missing_packages():
        raise NotInstalled(f"Slurm is not whole here ({', '.join(packages)}): run `{COMMAND}`")


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    packages = missing_packages()
    if not packages:
        return
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    try:
        subprocess.run(command, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(f"these system packages are missing: run `sudo {' '.join(command)}`") from error
