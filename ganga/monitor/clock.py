"""The only place where the time is read."""

import time
from collections.abc import Callable

from ganga.model.clock import Moment, Monotonic, Utc

#: Reads both clocks.
Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """The clocks of this machine."""
    return Moment(Monotonic(time.monotonic()), Utc(time.time()))
