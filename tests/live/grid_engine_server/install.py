"""Grid Engine from the system's packages; the daemons that these bring are not started.

The package slurm-wlm-torque has programs of the same names, and goes when these come.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/sbin/sge_qmaster": "gridengine-master",
        "/usr/sbin/sge_execd": "gridengine-exec",
        "/usr/lib/gridengine/qstat": "gridengine-client",
        "/usr/bin/setpriv": "util-linux",
    }
)
COMMAND: Final = "python -m tests.live.provision grid_engine --install-only"


class NotInstalled(Exception):
    """Something is missing; the text says what to do."""


def missing_packages() -> list[str]:
    """The system packages that are still needed."""
    return sorted(package for file, package in SYSTEM_PACKAGES.items() if not Path(file).exists())


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    if packages := missing_packages():
        raise NotInstalled(f"Grid Engine is not whole here ({', '.join(packages)}): run `{COMMAND}`")


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
