"""What a site may set for jobs on HTCondor, and how the monitor is to treat them."""

from typing import Annotated

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy

#: A name that may stand on a line of a submit description.
_Attribute = Annotated[str, Meta(pattern=r"^(?:[A-Za-z_][A-Za-z0-9_]*)?$")]


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one queue of HTCondor, beside those of all batch systems."""

    #: The folder for the files of jobs; empty: `~/.ganga/batch/` and the name of the target. HTCondor would make
    #: something else of a dollar, a quote or a backslash in its name.
    work_folder: Annotated[str, Meta(pattern=r"^[^$\"\\\x00-\x1f\x7f]*$")] = ""
    #: The queue, where it is not that of the machine with the commands, and the pool that knows it.
    schedd: str = ""
    pool: str = ""
    #: Whether the machines of the pool see the work folder; if not, HTCondor brings files there and back.
    shared_files: bool = True
    #: Whether the queue does not see it either: then files are sent to the queue, and what comes of a job is kept there
    #: until it is fetched. No files are shared then, whatever `shared_files` says.
    spool: bool = False
    #: Seconds within which what came of a job has to come from such a queue.
    transfer_timeout: Annotated[float, Meta(gt=0)] = 600.0
    #: The attribute of a job by which the site chooses what others call a queue: `JobFlavour`; empty: there are none.
    queue_attribute: _Attribute = ""

    @property
    def carries_files(self) -> bool:
        """Whether HTCondor brings files to the machines of jobs and back."""
        return self.spool or not self.shared_files


def policy(settings: Settings, /) -> Policy:
    """The event log is at hand without asking anybody, but for that of a queue far away; the queue is asked for what is
    not in it.
    """
    return batch.policy(fastest=10.0, feed=None if settings.spool else batch.LOG)
