"""Slurm's wrappers for the words of Torque, in a folder: to install their package would remove Grid Engine's commands,
which have the same names.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.live import system_packages
from tests.live.folders import installed_in
from tests.live.slurm_server import install as slurm

_PACKAGES: Final = ("slurm-wlm-torque", "libslurm-perl", "libslurmdb-perl")
#: What one of them needs besides; its name has a version in it.
_LIBRARY: Final = re.compile(r"libslurm[0-9]+")
#: What the wrappers look for beside them.
_BESIDE: Final = ("sbatch", "salloc", "srun")


def check() -> None:
    """Raise `NotInstalled` unless they are there, and the Slurm to which they speak."""
    slurm.check()
    folder = installed_in(os.environ, "torque_words")
    if not _finished(folder).exists():
        command = f"python -m tests.live.provision torque_words --folder {folder} --install-only"
        raise system_packages.NotInstalled(f"Slurm's wrappers for the words of Torque are not in {folder}: `{command}`")


def install(folder: Path) -> None:
    """Lay them into this folder, unless they are there. Raises `NotInstalled`."""
    slurm.install()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _finished(folder).exists():
            _lay_out(folder)


def environment() -> Mapping[str, str]:
    """The variables by which they are found, and find what they need."""
    place = installed_in(os.environ, "torque_words") / "root" / "usr"
    return {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "PERL5LIB": ":".join(map(str, place.glob("lib/*/perl5/*"))),
        "LD_LIBRARY_PATH": ":".join(map(str, place.glob("lib/*-linux-gnu*"))),
    }


def _lay_out(folder: Path) -> None:
    packages, place = folder / "packages", folder / "root"
    for path in (packages, place):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    system_packages.download(_PACKAGES, packages)
    system_packages.download(_libraries(next(packages.glob("libslurm-perl_*.deb"))), packages)
    for archive in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", archive, place], check=True)
    shutil.rmtree(packages)
    for name in _BESIDE:
        (place / "usr" / "bin" / name).symlink_to(f"/usr/bin/{name}")
    _finished(folder).touch()


def _libraries(archive: Path) -> Sequence[str]:
    words = ["dpkg-deb", "--field", str(archive), "Depends"]
    return _LIBRARY.findall(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def _finished(folder: Path) -> Path:
    return folder / "finished"
