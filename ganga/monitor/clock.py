"""The only place where the time is read.

The wall clock may be set while a monitor runs. Nothing is decided by it: what is due, and who holds a lease, follows
from the monotonic clock. Times that are stored say what the wall clock said then, so that those of later events may be
earlier; the order of events is that of their numbers.
"""

import time
from collections.abc import Callable

from ganga.model.clock import Moment, Monotonic, Utc

#: Reads both clocks.
Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """The clocks of this machine."""
    return Moment(Monotonic(time.monotonic()), Utc(time.time()))
