"""HTCondor 23.9 of Debian 13 in a folder: see `debian_packages`."""

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
_PROGRAMS: Final = debian_packages.Programs(
    "HTCondor", "condor", ("condor",), ("usr/bin/condor_*", "usr/sbin/condor_*", "usr/libexec/condor/*")
)


def here() -> Path:
    """The folder where the tests look for it."""
    return installed_in(os.environ, _PROGRAMS.server)


def check() -> None:
    """Raise `NotInstalled` unless it is there, whole."""
    release(here())


def release(folder: Path) -> Path:
    """What HTCondor calls its release folder. Raises `NotInstalled` if there is none, or an unfinished or old one."""
    return _PROGRAMS.root(folder) / "usr"


def install(folder: Path) -> None:
    """Lay it into this folder, unless it is there. Raises `NotInstalled` where system packages are missing and this
    user may not install them.
    """
    system_packages.install(SYSTEM_PACKAGES)
    _PROGRAMS.install(folder)
