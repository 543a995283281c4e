"""Start an element and serve until interrupted: ``python -m tests.live.arc_server``."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from tests.live.arc_server.element import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running() as element:
    print(describe(element), flush=True)
    while True:
        signal.pause()
