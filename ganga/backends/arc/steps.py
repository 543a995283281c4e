"""What happened to a job, by the element's own notes of it, which have much else in them. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from ganga.backends.arc.states import time_of
from ganga.model.ids import shortened
from ganga.model.step import Step

#: What writes these notes.
_SOURCE: Final = "A-REX"
_LONGEST: Final = 200
_CHANGE: Final = re.compile(r"(\S{16,20}) Job state change \S{1,40} -> (\S{1,40})(?: +Reason: (.*))?")


def steps(notes: str) -> Sequence[Step]:
    """The changes of its state, in the order in which they were noted."""
    changes = [change for line in notes.splitlines() if (change := _CHANGE.fullmatch(line.rstrip())) is not None]
    return [
        Step(status=change[2], minor_status=shortened(change[3] or "", _LONGEST), at=at, source=_SOURCE)
        for change in changes
        if (at := time_of(change[1])) is not None
    ]
