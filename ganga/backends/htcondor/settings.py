"""What a site may set for jobs on HTCondor, and how the monitor is to treat them."""

from dataclasses import replace
from typing import Annotated

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Pace, Policy

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
    #: The attribute of a job by which the site chooses what others call a queue: `JobFlavour`; empty: there are none.
    queue_attribute: _Attribute = ""


def policy(_settings: Settings, /) -> Policy:
    """The event log is at hand without asking anybody; the queue is asked for what is not in it."""
    return replace(batch.policy(fastest=10.0), feed=Pace(fastest=1.0, slowest=5.0))
