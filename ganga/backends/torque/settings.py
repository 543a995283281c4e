"""What a site may set for jobs on Torque, and how the monitor is to treat them."""

from typing import Annotated, Literal

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one Torque, beside those of all batch systems."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target. Torque would take what stands before a colon for a machine.
    work_folder: Annotated[str, Meta(pattern=r"^[^:]*$")] = ""
    #: Whose the commands are: Torque's own, since 2.5 or before that, or Slurm's wrappers.
    commands: Literal["torque", "torque-2.4", "slurm"] = "torque"


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy server serves everybody."""
    return batch.policy(fastest=10.0)
