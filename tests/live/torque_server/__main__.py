"""Start a cluster and serve until interrupted: ``python -m tests.live.torque_server [--folder WHERE_IT_IS]``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live.torque_server import install
from tests.live.torque_server.cluster import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", type=Path, default=install.here(), help="where Torque is installed")
options = parser.parse_args()
signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(release=install.release(options.folder)) as cluster:
    print(describe(cluster), flush=True)
    while True:
        signal.pause()
