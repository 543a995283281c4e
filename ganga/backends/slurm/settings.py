"""What a site may set for jobs on Slurm, and how the monitor is to treat them."""

from typing import Annotated

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one Slurm, beside those of all batch systems."""

    #: The cluster, where there are several; empty: the one that the commands speak to by themselves.
    cluster: str = ""
    #: Days of the history that `ganga track` looks through for names and users.
    history_days: Annotated[int, Meta(ge=1)] = 7


def policy(_settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy controller serves everybody."""
    return batch.policy(fastest=5.0)
