"""The virtual environment of DIRAC's services, from the package registry alone."""

import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.live import system_packages
from tests.live.downloads import fetch

DIRAC = "DIRAC==9.1.22"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")

#: By which the services are given another clock.
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"

#: What pip cannot bring, by the program or header that shows it.
SYSTEM_PACKAGES = {
    FAKETIME: "faketime",
    "/usr/sbin/mariadbd": "mariadb-server",
    "/usr/bin/mariadb_config": "libmariadb-dev",
    "/usr/include/openssl/ssl.h": "libssl-dev",
    "/usr/bin/gcc": "gcc",
    "/usr/bin/pkg-config": "pkg-config",
    "/usr/bin/openssl": "openssl",
}


class NotInstalled(Exception):
    """Something is missing; the text says what to do."""


def interpreter(folder: Path) -> Path:
    """The Python of the services. Raises `NotInstalled` if there is none, or an unfinished or outdated one."""
    if not _finished(folder).exists():
        command = f"python -m tests.live.provision dirac --folder {folder} --install-only"
        raise NotInstalled(f"DIRAC is not in {folder}: run `{command}`")
    return folder / "venv" / "bin" / "python"


def install(folder: Path) -> None:
    """Make the environment in this folder, if it is not there. Raises `system_packages.NotInstalled` where these are
    missing and this user may not install them.
    """
    system_packages.install(SYSTEM_PACKAGES)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _finished(folder).exists():
            _make_environment(folder)


def _make_environment(folder: Path) -> None:
    shutil.rmtree(folder / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    for words in _steps():
        _pip(folder, *words)
    _finished(folder).touch()


def _steps() -> list[list[str]]:
    return [
        ["swig", "setuptools", "wheel"],
        # There is no wheel; the registry's own swig is enough to build one.
        ["M2Crypto>=0.50", "--no-build-isolation"],
        ["-r", str(REQUIREMENTS)],
        ["--no-deps", DIRAC],
    ]


def _pip(folder: Path, *words: str) -> None:
    binaries = folder / "venv" / "bin"
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", **_pip_settings()}
    fetch([binaries / "python", "-m", "pip", "install", "-q", *words], environment)


def _pip_settings() -> dict[str, str]:
    names = ("PIP_", "HTTP", "http", "SSL_", "REQUESTS_", "NO_PROXY", "no_proxy", "HOME")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}


def _finished(folder: Path) -> Path:
    return folder / "venv" / f"finished-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
