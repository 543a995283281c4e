"""What a site may set for jobs on Slurm, and how the monitor is to treat them."""

from typing import Annotated, Final

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Pace, Policy


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one Slurm, beside those of all batch systems."""

    #: The cluster, where there are several; empty: the one that the commands speak to by themselves.
    cluster: str = ""
    #: Days of the history that `ganga track` looks through for names and users.
    history_days: Annotated[int, Meta(ge=1)] = 7
    #: Whether the accounting is asked for the memory and the processor time of jobs that have ended: one question more
    #: whenever some have.
    usage: bool = False
    #: Where `slurmrestd` is, which is asked before the commands: `https://HOST:PORT`, or on this machine
    #: `http://localhost:PORT` or `unix:///PATH`; empty: the commands only.
    rest_url: str = ""
    #: A private file with a token for it, as `scontrol token` prints it; empty: the variable SLURM_JWT.
    token_file: str = ""
    #: The folder or file with the certificates of the authorities that are to be trusted for `https`; empty: those of
    #: the system.
    authorities: str = ""
    #: The file to which the controller appends a line at each end (`JobCompType=jobcomp/filetxt`), as the machine where
    #: the commands are run sees it; empty: ends are found by asking.
    completion_log: Annotated[str, Meta(pattern=r"^(/.*)?$")] = ""


#: That nothing is new costs the daemons next to nothing to say; what costs more is asked for less by the road itself.
_REST: Final = Pace(fastest=5.0, slowest=5.0)


def policy(settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy controller serves everybody. What a feed tells need be asked less."""
    if settings.completion_log:
        return batch.policy(fastest=5.0, feed=batch.LOG)
    return batch.policy(fastest=5.0, feed=_REST if settings.rest_url else None)
