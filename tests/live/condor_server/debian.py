"""Packages of another Debian than the one of this machine: fetched by apt, with its keys, into a folder."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.live.downloads import fetch

SUITE: Final = "trixie"
#: Of all suites, signed by which apt believes what it fetches.
KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: Where this machine is no Debian itself.
_ELSEWHERE: Final = "http://deb.debian.org/debian/"


def download(package: str, folder: Path) -> Sequence[Path]:
    """The archives of a package and of all that it needs, from the C library on. What was in the folder goes."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={KEYS}] {_mirror()} {SUITE} main\n")
    # Nothing is there: so apt brings all.
    (folder / "status").touch()
    for words in (["update"], ["install", "--yes", "--download-only", package]):
        fetch(["apt-get", "-q", *_settings(folder), *words], dict(os.environ))
    return sorted((folder / "archives").glob("*.deb"))


def _settings(folder: Path) -> list[str]:
    """Those of the machine, such as its proxy, with other folders."""
    settings = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        # The user whose name apt takes for downloads may not look into this folder.
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """The one of this machine's own packages."""
    words = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    told = subprocess.run(["apt-get", "indextargets", *words], capture_output=True, text=True, check=True).stdout
    return next(iter(told.splitlines()), _ELSEWHERE)
