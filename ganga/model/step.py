"""One step of a job, as its back end recorded it."""

from msgspec import Struct

from ganga.model.clock import Utc


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """The words are the back end's own; empty text means "not said"."""

    status: str
    #: What goes on within that status: ``Job Initialization``.
    minor_status: str = ""
    #: What the program says of itself.
    application_status: str = ""
    at: Utc
    #: Which part of the back end recorded it: ``JobWrapper``, ``slurmctld``.
    source: str = ""
