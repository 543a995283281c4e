"""The last lines of output that a running job has reported, and when. Pure."""

import re
from contextlib import suppress
from typing import Final

from ganga.backends.base import Tail
from ganga.backends.dirac.envelopes import from_text
from ganga.errors import BackendUnavailable

#: As the watchdog and the wrapper of a job begin their reports: ``... from Watchdog on 2026-11-22 17:01:04.25 [UTC]:``.
_HEAD: Final = re.compile(r"lines of application output from \w+ on (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)\b")


def tail(report: str) -> Tail:
    """The report as it is, with the time in its head, which is UTC; what is no time there says nothing."""
    head = _HEAD.search(report)
    with suppress(BackendUnavailable):
        return Tail(report.lstrip("\n"), None if head is None else from_text(head[1]))
    return Tail(report.lstrip("\n"))
