"""What a site may set for jobs on LSF, and how the monitor is to treat them."""

from typing import Annotated

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one LSF, beside those of all batch systems."""

    #: The folder for the files of jobs, which the machines of the cluster see too; empty: `~/.ganga/batch/` and the
    #: name of the target. A percent sign means something in the paths that LSF takes.
    work_folder: Annotated[str, Meta(pattern=r"^[^%]*$")] = ""
    #: Seconds within which a command has to answer. LSF's own wait for as long as it is away.
    timeout: Annotated[float, Meta(gt=0)] = 60.0


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy LSF serves everybody."""
    return batch.policy(fastest=10.0)
