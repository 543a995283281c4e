"""Start the services and serve until interrupted: ``python -m tests.live.dirac_server --folder FOLDER``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live.dirac_server.servers import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", type=Path, required=True, help="where they are installed")
parser.add_argument("--data", type=Path, help="for databases, keys and logs, which go with the services")
options = parser.parse_args()
signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(options.folder, options.data) as site:
    print(describe(site), flush=True)
    while True:
        signal.pause()
