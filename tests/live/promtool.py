"""`promtool` of Prometheus, in a folder: its package would start a server of metrics."""

import fcntl
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.live import system_packages
from tests.live.folders import installed_in

_PACKAGE: Final = "prometheus"


def program() -> Path:
    """Raises `NotInstalled` unless it is where the tests look for it."""
    folder = installed_in(os.environ, "promtool")
    if not _program(folder).exists():
        command = f"python -m tests.live.provision promtool --folder {folder}"
        raise system_packages.NotInstalled(f"promtool is not in {folder}: run `{command}`")
    return _program(folder)


def install(folder: Path) -> None:
    """Lay it into this folder, unless it is there. Raises `NotInstalled`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _program(folder).exists():
            with TemporaryDirectory(dir=folder) as place:
                _lay_out(Path(place), _program(folder))


def _lay_out(place: Path, program: Path) -> None:
    system_packages.download([_PACKAGE], place)
    [archive] = place.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", archive, place], check=True)
    (place / "usr" / "bin" / "promtool").rename(program)


def _program(folder: Path) -> Path:
    return folder / "promtool"
