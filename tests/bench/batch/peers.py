"""The virtual environment of what is measured beside ours, from the package registry."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.live.downloads import fetch
from tests.live.folders import installed_in

PACKAGES = ("psij-python==0.9.11", "parsl==2026.10.26")


def interpreter(environment: Mapping[str, str]) -> Path:
    """The Python of that environment, which is made where it is missing: in half a minute, 50 MB."""
    folder = installed_in(environment, "batch_peers")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    finished = folder / "venv" / "-".join(PACKAGES)
    with (folder / "lock").open("w") as lock:
        # Two at once would write into each other's; the lock ends with the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            shutil.rmtree(folder / "venv", ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
            fetch([str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet", *PACKAGES], dict(os.environ))
            finished.touch()
    return folder / "venv/bin/python"
