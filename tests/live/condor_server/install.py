"""HTCondor 23.9 of Debian 13 in a folder: its package and all that it needs, from the loader and the C library on.

Nothing in it is configured, and none of it needs a root of its own: its programs are told where their loader and
libraries are, and run as any other program of this machine. So there is nothing to mount and nothing to take down.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import system_packages
from tests.live.condor_server import debian
from tests.live.folders import installed_in

#: By the program that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/usr/bin/patchelf": "patchelf",
        "/usr/bin/unshare": "util-linux",
        debian.KEYS: "debian-archive-keyring",
    }
)
_PACKAGE: Final = "condor"
_PROGRAMS: Final = ("usr/bin/condor_*", "usr/sbin/condor_*", "usr/libexec/condor/*")


def here() -> Path:
    """The folder where the tests look for it."""
    return installed_in(os.environ, "condor")


def check() -> None:
    """Raise `NotInstalled` unless it is there, whole."""
    release(here())


def release(folder: Path) -> Path:
    """What HTCondor calls its release folder. Raises `NotInstalled` if there is none, or an unfinished or old one."""
    if not _finished(folder).exists():
        command = f"python -m tests.live.provision condor --folder {folder} --install-only"
        raise system_packages.NotInstalled(f"HTCondor is not in {folder}: run `{command}`")
    return _place(folder) / "usr"


def install(folder: Path) -> None:
    """Lay it into this folder, unless it is there. Raises `NotInstalled` where system packages are missing and this
    user may not install them.
    """
    system_packages.install(SYSTEM_PACKAGES)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _finished(folder).exists():
            _lay_out(folder)


def _lay_out(folder: Path) -> None:
    place = _place(folder)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for archive in debian.download(_PACKAGE, folder / "packages"):
        subprocess.run(["dpkg-deb", "--extract", archive, place], check=True)
    shutil.rmtree(folder / "packages")
    for program in _programs(place):
        _lead_home(program, place)
    _finished(folder).touch()


def _programs(place: Path) -> Iterable[Path]:
    """Those that a loader loads."""
    for pattern in _PROGRAMS:
        for path in sorted(place.glob(pattern)):
            if path.is_file() and not path.is_symlink() and path.suffix != ".so":
                with path.open("rb") as file:
                    if file.read(4) == b"\x7fELF":
                        yield path


def _lead_home(program: Path, place: Path) -> None:
    """Its loader and its libraries are those of the folder."""
    named = subprocess.run(["patchelf", "--print-interpreter", program], capture_output=True, text=True, check=True)
    loader = next((place / "usr").glob(f"lib*/{Path(named.stdout.strip()).name}"))
    libraries = [*(place / "usr" / "lib").glob("*-linux-gnu*"), place / "usr" / "lib"]
    words = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", ":".join(map(str, libraries))]
    subprocess.run(["patchelf", *words, program], check=True)


def _place(folder: Path) -> Path:
    """What another recipe lays out goes to another place: pools may be running from the old one."""
    recipe = Path(__file__).read_bytes() + Path(debian.__file__).read_bytes()
    return folder / f"debian-{sha256(recipe).hexdigest()[:12]}"


def _finished(folder: Path) -> Path:
    return _place(folder) / "finished"
