"""Start a server and serve until interrupted: ``python -m tests.live.postgres_server``."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from tests.live.postgres_server.server import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running() as server:
    print(describe(server), flush=True)
    while True:
        signal.pause()
