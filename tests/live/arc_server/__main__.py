"""Start an element and serve until interrupted: ``python -m tests.live.arc_server [--folder FOLDER]``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live.arc_server import newer
from tests.live.arc_server.element import describe, running
from tests.live.arc_server.release import OF_THE_SYSTEM


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


parser = argparse.ArgumentParser(prog="python -m tests.live.arc_server")
parser.add_argument("--folder", type=Path, help="where another ARC than the system's was laid into")
folder = parser.parse_args().folder
signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(OF_THE_SYSTEM if folder is None else newer.release(folder)) as element:
    print(describe(element), flush=True)
    while True:
        signal.pause()
