"""The virtual environment of DiracX, from the package registry alone."""

import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.live.downloads import fetch

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

#: The programs that the environment's Python runs.
SERVE = Path(__file__).parent / "inside" / "serve.py"
LOGIN = Path(__file__).parent / "inside" / "login.py"
TOKEN_RACE = Path(__file__).parent / "inside" / "token_race.py"


class NotInstalled(Exception):
    """There is no environment of these versions; the text says what to do."""


def is_installed(folder: Path) -> bool:
    """Whether there is a whole environment of these versions."""
    return _finished(folder).exists()


def interpreter(folder: Path) -> Path:
    """The Python of the server. Raises `NotInstalled` if there is none, an unfinished one or one of other versions."""
    if not is_installed(folder):
        command = f"python -m tests.live.provision diracx --folder {folder} --install-only"
        raise NotInstalled(f"DiracX is not in {folder}: run `{command}`")
    return _place(folder) / "bin" / "python"


def install(folder: Path) -> Path:
    """The Python of the server, whose environment is made in this folder unless it is there (90 s, 450 MB)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed(folder):
            shutil.rmtree(_place(folder), ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", _place(folder)], check=True)
            _pip_install(_place(folder))
            _finished(folder).touch()
    return interpreter(folder)


def _pip_install(place: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    fetch([place / "bin" / "python", "-m", "pip", "install", "-q", "-r", REQUIREMENTS], environment)


def _place(folder: Path) -> Path:
    """Other versions go to another place: servers may be running from the old one."""
    return folder / f"venv-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"


def _finished(folder: Path) -> Path:
    return _place(folder) / "finished"
