"""What programs are told when they start, and what they tell."""

from msgspec import Struct

from ganga.model.ids import Seq


class Monitoring(Struct, frozen=True):
    """Follow these targets."""

    where: str
    #: The folder of the jobs' output.
    home: str
    #: The campaign that lives there.
    targets: dict[str, str]
    #: Where the process says that it runs: one that is dead elsewhere is known by its lease alone.
    host: str
    #: Seconds.
    lease: float


class Saved(Struct, frozen=True):
    """A monitor has stored something."""

    target: str
    #: When that was done, in seconds of the wall clock.
    at: float
    #: The numbers of the events; 0 where there are none.
    first: int
    last: int
    #: Whether all jobs of the target had been asked about.
    confirmed: bool


class Reading(Struct, frozen=True):
    """Read all events to come, with so many readers."""

    where: str
    home: str
    readers: int
    #: Where to leave what was read.
    result: str


class Read(Struct, frozen=True):
    """What each reader has read, and when."""

    seqs: list[list[Seq]]
    at: list[list[float]]
