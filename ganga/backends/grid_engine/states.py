"""What Grid Engine's letters for a live job mean for us. No letter is an end: what has ended is not in the queue.

A state is made of several letters: ``hqw`` waits in the queue, held; ``Rr`` runs again; ``dr`` runs and is being
deleted; ``Eqw`` is back in the queue after an error, and stays there until somebody clears that.
"""

from typing import Final

from ganga.model.status import JobStatus

#: Suspended by somebody, with its queue, by a threshold of its queue, by a job that goes before it.
_SUSPENDED: Final = frozenset("sSTP")
#: Running, and being brought to its machine.
_RUNNING: Final = frozenset("rt")
_ERROR: Final = "E"
_HOLD: Final = "h"
_AGAIN: Final = "R"


def status_of(state: str) -> JobStatus:
    """Our word. A letter that is not known means nothing."""
    letters = frozenset(state)
    if is_error(state):
        return JobStatus.HELD
    if letters & _SUSPENDED:
        return JobStatus.SUSPENDED
    if letters & _RUNNING:
        return JobStatus.RUNNING
    return JobStatus.HELD if _HOLD in letters else JobStatus.SUBMITTED


def is_error(state: str) -> bool:
    """Whether it waits for somebody to clear an error."""
    return _ERROR in state


def restart_of(state: str) -> int:
    """At least so often it has been run before: the queue does not count."""
    return int(_AGAIN in state)
