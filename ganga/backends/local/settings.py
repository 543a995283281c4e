"""What a site may set for jobs on this machine, and how the monitor is to treat them."""

import os
from typing import Annotated

from msgspec import Meta, Struct, field

from ganga.model.policy import Pace, Policy, Width


def usable_processors() -> int:
    """How many processors this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target whose jobs run on this machine."""

    #: So many jobs run at once; the others wait. The default is the number of usable processors.
    jobs_at_once: Annotated[int, Meta(ge=1)] = field(default_factory=usable_processors)
    #: Seconds between the polite request to end (SIGTERM) and the end by force (SIGKILL).
    grace: Annotated[float, Meta(ge=0)] = 10.0
    #: Seconds without jobs and monitors after which the spooler ends; it is started again when it is needed.
    linger: Annotated[float, Meta(gt=0)] = 30.0

    @property
    def where(self) -> str:
        """See `Located`."""
        return "this machine"


def policy(_settings: Settings, /) -> Policy:
    """The feed tells everything at once and waits by itself; the sweep is only there in case that it should not."""
    return Policy(
        feed=Pace(fastest=0.0, slowest=0.0),
        sweep=Pace(fastest=5.0, slowest=60.0),
        sweep_width=Width(batch=500),
        submit=Width(batch=500),
        find=Width(batch=500),
        kill=Width(batch=500),
        finish=Width(batch=50, parallel=2),
    )
