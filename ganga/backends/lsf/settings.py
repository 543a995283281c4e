"""What a site may set for jobs on LSF, and how the monitor is to treat them."""

from typing import Annotated

from msgspec import Meta

from ganga.backends.batch.reach import Reach
from ganga.model.policy import Pace, Policy, Width

#: More jobs than any user has: one question speaks of all of them.
_ALL = 1_000_000


class Settings(Reach, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one LSF, beside how it is reached."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target. A percent sign means something in the paths that LSF takes.
    work_folder: Annotated[str, Meta(pattern=r"^[^%]*$")] = ""
    #: The queue and the project of jobs that name none; empty: LSF's own choice.
    queue: str = ""
    project: str = ""
    #: Options of `bsub` for all jobs, before those that a job brings, each with its value: `["-R select[ib]"]`.
    native: tuple[str, ...] = ()
    #: So many tasks go into one array; the cluster's own limit is `MAX_JOB_ARRAY_SIZE`.
    largest_array: Annotated[int, Meta(ge=1)] = 1000
    #: Seconds within which a command has to answer. LSF's own wait for as long as it is away.
    timeout: Annotated[float, Meta(gt=0)] = 60.0
    #: Seconds after an interrupted submission before a job that is not there counts as not submitted.
    commit_delay: Annotated[float, Meta(ge=0)] = 60.0


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy LSF serves everybody."""
    return Policy(
        sweep=Pace(fastest=10.0, slowest=120.0),
        sweep_width=Width(batch=_ALL),
        submit=Width(batch=1000),
        find=Width(batch=_ALL),
        kill=Width(batch=1000),
        finish=Width(batch=20, parallel=2),
    )
