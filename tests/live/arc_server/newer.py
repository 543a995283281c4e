"""A-REX of NorduGrid ARC 7.0 of Debian 13 in a folder, beside that of the system: see `debian_packages`.

Nothing in it is led home: its daemons see its `/usr` in place of the machine's.
"""

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import debian_packages, system_packages
from tests.live.arc_server.release import Release
from tests.live.folders import installed_in

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {**debian_packages.SYSTEM_PACKAGES, "/usr/bin/openssl": "openssl", "/usr/bin/unshare": "util-linux"}
)
_PROGRAMS: Final = debian_packages.Programs(
    "ARC 7",
    "arc_7",
    (
        "nordugrid-arc-arex",
        "nordugrid-arc-hed",
        "nordugrid-arc-plugins-needed",
        "nordugrid-arc-plugins-internal",
        # What every Debian has, and no package names: for A-REX's scripts, and for jobs.
        *("apt", "bash", "coreutils", "dash", "findutils", "grep", "hostname", "libc-bin", "mawk", "sed", "util-linux"),
        # Without it A-REX cannot measure jobs.
        "time",
    ),
    (),
)
#: Where those of Python are, and those of A-REX.
_MODULES: Final = ("/usr/lib/python3.13", "/usr/lib/python3/dist-packages")


def check() -> None:
    """Raise `NotInstalled` unless it is there, whole, and may be run."""
    system_packages.check("ARC 7", SYSTEM_PACKAGES, "python -m tests.live.provision arc_7 --install-only")
    here()
    if os.geteuid() != 0:
        raise system_packages.NotInstalled("ARC 7 can be run by root only, who may put another folder in place of /usr")


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
    _configure(release(folder))


def _configure(laid_out: Release) -> None:
    """Do what the packages do where they are installed, and what is missed here."""
    awk = laid_out.root / "usr" / "bin" / "awk"
    if awk.is_symlink():
        return
    if os.geteuid() == 0:
        # Else each job waits for Python to read the same modules of A-REX once more, since jobs may not write there.
        words = ("/usr/bin/python3", "-W", "ignore", "-m", "compileall", "-q", *_MODULES)
        subprocess.run([*laid_out.inside, *words], check=True)
    with suppress(FileExistsError):
        awk.symlink_to("mawk")
