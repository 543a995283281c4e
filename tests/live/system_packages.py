"""What servers need of the system: its own packages, which only root may install."""

import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from threading import Lock

from tests.live.downloads import fetch

_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
#: One installation at a time: apt allows no other beside.
_ONE = Lock()
#: Another program of the machine may be installing something, as many do when they have just been started; seconds.
_WAITING = ("-o", "DPkg::Lock::Timeout=300")
_UPDATE = ("apt-get", "update", *_WAITING, "-q")


class NotInstalled(Exception):
    """Something is missing; the text says what to do."""


def missing(packages: Mapping[str, str]) -> list[str]:
    """The packages that are still needed, each given by a file (or pattern of one) that shows that it is there."""
    root = Path("/")
    return sorted({package for file, package in packages.items() if not any(root.glob(file.removeprefix("/")))})


def check(system: str, packages: Mapping[str, str], command: str) -> None:
    """Raise `NotInstalled` unless all packages are there; `command` is the one by which they come."""
    if absent := missing(packages):
        raise NotInstalled(f"{system} is not whole here ({', '.join(absent)}): run `{command}`")


def install(packages: Mapping[str, str]) -> None:
    """Install what is missing. Raises `NotInstalled` where this user may not do that."""
    with _ONE:
        absent = missing(packages)
        if not absent:
            return
        command = ["apt-get", "install", *_WAITING, "-y", "-q", "--no-install-recommends", *absent]
        refusal = NotInstalled(f"these system packages are missing: run `sudo {' '.join(command)}`")
        if os.geteuid() != 0:
            raise refusal
        try:
            for words in (_UPDATE, command):
                fetch(words, _ENVIRONMENT)
        except (OSError, subprocess.CalledProcessError) as error:
            raise refusal from error


def download(packages: Collection[str], folder: Path) -> None:
    """Fetch packages into a folder, and install none of them. Raises `NotInstalled` where that cannot be done."""
    with _ONE:
        try:
            if os.geteuid() == 0:
                fetch(_UPDATE, _ENVIRONMENT)
            fetch(["env", "-C", folder, "apt-get", "download", "-q", *packages], _ENVIRONMENT)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotInstalled(f"{', '.join(packages)} cannot be downloaded: run `sudo apt-get update`") from error
