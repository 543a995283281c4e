"""Start the services and serve until interrupted: ``python -m tests.live.dirac_server FOLDER``."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live.dirac_server.servers import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(Path(sys.argv[1])) as site:
    print(describe(site), flush=True)
    while True:
        signal.pause()
