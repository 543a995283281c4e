"""Slurm from the system's packages; the daemons that these bring are not started."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.live import system_packages
from tests.live.clocks import LIBRARY as WRONG_CLOCK

#: By the program or library that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/sbin/slurmctld": "slurmctld",
        "/usr/sbin/slurmd": "slurmd",
        "/usr/bin/sbatch": "slurm-client",
        "/usr/sbin/slurmdbd": "slurmdbd",
        "/usr/sbin/mariadbd": "mariadb-server",
        "/usr/lib/*/slurm-wlm/accounting_storage_mysql.so": "slurm-wlm-mysql-plugin",
        "/usr/sbin/slurmrestd": "slurmrestd",
        "/usr/lib/*/slurm-wlm/auth_jwt.so": "slurm-wlm-jwt-plugin",
        "/usr/bin/setpriv": "util-linux",
        # For machines whose clocks are wrong.
        WRONG_CLOCK: "faketime",
        # For Slurm over SSH.
        "/usr/sbin/sshd": "openssh-server",
    }
)
COMMAND: Final = "python -m tests.live.provision slurm --install-only"


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    system_packages.check("Slurm", SYSTEM_PACKAGES, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)
