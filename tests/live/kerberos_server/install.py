"""MIT Kerberos from the system's packages; the daemons that these bring are not used, and have no realm."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.live import system_packages

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/sbin/krb5kdc": "krb5-kdc",
        "/usr/sbin/kadmin.local": "krb5-admin-server",
        "/usr/bin/kinit": "krb5-user",
        "/usr/bin/setpriv": "util-linux",
    }
)
COMMAND: Final = "python -m tests.live.provision kerberos --install-only"


def check() -> None:
    """Raise `NotInstalled` unless all is there."""
    system_packages.check("Kerberos", SYSTEM_PACKAGES, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)
