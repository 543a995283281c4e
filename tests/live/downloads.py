"""Commands that fetch something from afar."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TRIES = 6
#: Seconds before the second try; twice as long before the third, and so on: a minute and more in all.
PAUSE = 5.0


def fetch(command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    """Run it, and again if it fails. Raises `CalledProcessError` after the last try.

    What it prints goes to standard error: standard output is for the one line that says where a server is.
    """
    for number in range(1, TRIES):
        if subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode == 0:
            return
        print(f"{command[0]} failed; trying again", file=sys.stderr)
        time.sleep(number * PAUSE)
    subprocess.run(command, env=environment, stdout=sys.stderr, check=True)
