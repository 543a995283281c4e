"""What a monitor tells the spooler of the settings. Standard library only."""

from collections.abc import Sequence
from typing import NamedTuple


class Limits(NamedTuple):
    """What a monitor says on arrival; the newest word counts. Times are seconds."""

    jobs_at_once: int
    grace: float
    linger: float

    @classmethod
    def of(cls, words: Sequence[str]) -> "Limits":
        """The reverse of `words`."""
        jobs_at_once, grace, linger = words
        return cls(int(jobs_at_once), float(grace), float(linger))

    def words(self) -> list[str]:
        """For the command line and for the conversation."""
        return [str(value) for value in self]
