"""What a site may set for jobs on PBS, and how the monitor is to treat them."""

from typing import Annotated, Literal

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy

#: The name of a resource, which stands in front of a value.
_Name = Annotated[str, Meta(pattern=r"^(?:[A-Za-z_][\w-]*)?$")]


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one PBS, beside those of all batch systems."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target. PBS would take what stands before a colon for a machine.
    work_folder: Annotated[str, Meta(pattern=r"^[^:]*$")] = ""
    #: The option that takes a project: `-P`, or `-A` where the site counts by accounts.
    project_option: Literal["-P", "-A"] = "-P"
    #: The resource by which graphics processors are asked for; empty: there are none.
    gpu_resource: _Name = "ngpus"


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy server serves everybody."""
    return batch.policy(fastest=10.0)
