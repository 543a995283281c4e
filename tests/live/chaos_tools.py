"""What `tests.chaos` needs of the system to set clocks wrong and to slow disks down."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.live import system_packages
from tests.live.clocks import LIBRARY

STRACE: Final = "/usr/bin/strace"
#: By the file that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType({STRACE: "strace", LIBRARY: "faketime"})
COMMAND: Final = "python -m tests.live.provision chaos"


def check_strace() -> None:
    """Raise `NotInstalled` unless it is there."""
    system_packages.check("strace", {STRACE: "strace"}, COMMAND)


def install() -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    system_packages.install(SYSTEM_PACKAGES)
