"""The virtual environment of DiracX, from the package registry alone."""

import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

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
        raise NotInstalled(f"DiracX is not in {folder}: run `python -m tests.live.provision diracx --folder {folder}`")
    return _place(folder) / "bin" / "python"


def install(folder: Path) -> Path:
    """The Python of the server, whose environment is made in this folder unless it is there (90 s, 450 MB)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed(folder):
            shutil.rmtree(_place(folder), ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(_place(folder))])
            _run([str(_place(folder) / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)])
            _finished(folder).touch()
    return interpreter(folder)


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Standard output is for the one line that says where the server is.
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)


def _place(folder: Path) -> Path:
    """Other versions go to another place: servers may be running from the old one."""
    return folder / f"venv-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"


def _finished(folder: Path) -> Path:
    return _place(folder) / "finished"
