"""What a site may set for jobs on PBS, and how the monitor is to treat them."""

from typing import Annotated, Literal

from msgspec import Meta

from ganga.backends.batch.reach import Reach
from ganga.model.policy import Pace, Policy, Width

#: More jobs than any user has: one question speaks of all of them.
_ALL = 1_000_000
#: The name of a resource, which stands in front of a value.
_Name = Annotated[str, Meta(pattern=r"^(?:[A-Za-z_][\w-]*)?$")]


class Settings(Reach, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one PBS, beside how it is reached."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target. PBS would take what stands before a colon for a machine.
    work_folder: Annotated[str, Meta(pattern=r"^[^:]*$")] = ""
    #: The queue and the project of jobs that name none; empty: PBS's own choice.
    queue: str = ""
    project: str = ""
    #: The option that takes a project: `-P`, or `-A` where the site counts by accounts.
    project_option: Literal["-P", "-A"] = "-P"
    #: The resource by which graphics processors are asked for; empty: there are none.
    gpu_resource: _Name = "ngpus"
    #: Options of `qsub` for all jobs, before those that a job brings, each with its value: `["-l scratch=1"]`.
    native: tuple[str, ...] = ()
    #: So many subjobs go into one array; the server's own limit is `max_array_size`.
    largest_array: Annotated[int, Meta(ge=1)] = 1000
    #: Seconds within which a command has to answer. PBS's own may wait for ever.
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    #: Seconds after an interrupted submission before a job that is not there counts as not submitted.
    commit_delay: Annotated[float, Meta(ge=0)] = 60.0


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy server serves everybody."""
    return Policy(
        sweep=Pace(fastest=10.0, slowest=120.0),
        sweep_width=Width(batch=_ALL),
        submit=Width(batch=1000),
        find=Width(batch=_ALL),
        kill=Width(batch=1000),
        finish=Width(batch=20, parallel=2),
    )
