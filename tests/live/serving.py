"""What all programs do that run a server of the live tests for somebody."""

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import NoReturn, TypeVar

_Server = TypeVar("_Server")


def serve(server: AbstractContextManager[_Server], describe: Callable[[_Server], str]) -> NoReturn:
    """Run it until SIGTERM or SIGINT. The line with what describes it is printed when it answers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with server as running:
        print(describe(running), flush=True)
        while True:
            signal.pause()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
