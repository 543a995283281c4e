"""A-REX from the system's packages; the daemons that these bring are not started.

The packages make an authority for tests of their own in /etc/grid-security, which nothing here uses.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.live import system_packages

#: By the file that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/share/arc/arc-arex-start": "nordugrid-arc-arex",
        "/usr/sbin/arched": "nordugrid-arc-hed",
        "/usr/lib/arc/libmcchttp.so": "nordugrid-arc-plugins-needed",
        "/usr/lib/arc/libaccINTERNAL.so": "nordugrid-arc-plugins-internal",
        "/usr/bin/openssl": "openssl",
        "/usr/bin/setpriv": "util-linux",
    }
)
COMMAND: Final = "python -m tests.live.provision arc --install-only"


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    system_packages.check("ARC", SYSTEM_PACKAGES, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)
