"""What a site may set for jobs on any batch system, and how the monitor is to treat these."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from ganga.backends.batch.reach import Reach
from ganga.model.policy import Pace, Policy, Width

#: More jobs than any user has: one question speaks of all of them.
_ALL: Final = 1_000_000
#: So many times less often all jobs are asked about where a feed tells what is new.
_LESS: Final = 5
#: Of the feed of a file that the system writes in any case: to look into it costs the system nothing. What it hints at
#: is asked about at every other look at most.
LOG: Final = Pace(fastest=1.5, slowest=1.5)


class BatchSettings(Reach, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one batch system; each system has some of its own beside these."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target.
    work_folder: str = ""
    #: The queue and the project of jobs that name none; empty: the system's own choice.
    queue: str = ""
    project: str = ""
    #: Options for the submission of all jobs, before those that a job brings.
    native: tuple[str, ...] = ()
    #: So many tasks go into one array, unless the system takes less.
    largest_array: Annotated[int, Meta(ge=1)] = 1000
    #: Seconds within which a command has to answer. The system's own may wait longer, or for ever.
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    #: Seconds after an interrupted submission before a job that is not there counts as not submitted; more than
    #: the accounting takes to be written.
    commit_delay: Annotated[float, Meta(ge=0)] = 60.0
    #: Whether jobs depend on Kerberos tickets, which are then shown and warned of; `auto`: where the work folder is on
    #: AFS, or on a file system that takes tickets, or the host has let us in by them.
    kerberos: Literal["auto", "yes", "no"] = "auto"


def policy(fastest: float, *, feed: Pace | None = None) -> Policy:
    """One call tells of all jobs, and a busy system serves everybody: at most one in so many seconds, and fewer where
    there is a feed.
    """
    return Policy(
        feed=feed,
        sweep=Pace(fastest=fastest if feed is None else _LESS * fastest, slowest=120.0),
        sweep_width=Width(batch=_ALL),
        submit=Width(batch=1000),
        find=Width(batch=_ALL),
        kill=Width(batch=1000),
        finish=Width(batch=20, parallel=2),
    )
