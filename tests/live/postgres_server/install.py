"""PostgreSQL from the system's packages; the cluster that these make is neither started nor used."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import system_packages

#: By the file that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/lib/postgresql/*/bin/postgres": "postgresql",
        "/usr/lib/postgresql/*/bin/pg_basebackup": "postgresql-client",
        "/usr/bin/setpriv": "util-linux",
    }
)
COMMAND: Final = "python -m tests.live.provision postgres --install-only"


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    system_packages.check("PostgreSQL", SYSTEM_PACKAGES, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)


def programs() -> Path:
    """The folder with the programs of the newest version that is installed."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
