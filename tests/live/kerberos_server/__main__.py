"""Start a realm, log its user in, and serve until interrupted: ``python -m tests.live.kerberos_server``."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from tests.live.kerberos_server.realm import describe, running


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running() as realm:
    realm.log_in()
    print(describe(realm), flush=True)
    while True:
        signal.pause()
