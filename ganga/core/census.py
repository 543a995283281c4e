"""How many live jobs the servers count, against how many we believe in.

A count names no job, so it neither ends nor changes one: it only hastens the question that does. The servers count
other jobs of the same owner too. So what is compared, from one count to the next, is by how many theirs exceeds ours;
and as jobs end while all this is asked, that is known within bounds only. Whatever could explain a difference is taken
to do so.
"""

from typing import NamedTuple


class Ours(NamedTuple):
    """What we believe at one moment."""

    #: Jobs that live there.
    live: int
    #: Jobs that were ever live.
    arrived: int
    #: Whether no job is being submitted, of which they would know before we do.
    settled: bool


class Census:
    """The counts of one target so far."""

    __slots__ = ("_asked", "_ended", "_ended_now", "_excess")

    def __init__(self) -> None:
        self._asked: Ours | None = None
        self._ended = 0
        self._ended_now = 0
        #: At least by so many their last count exceeded ours.
        self._excess: int | None = None

    def asked(self, ours: Ours) -> None:
        """A question goes out, with which they may be counting."""
        self._asked = ours
        self._ended_now = 0

    def ended(self, others: int) -> None:
        """The answer tells of so many jobs of others that have ended."""
        self._ended += others
        self._ended_now += others

    def counted(self, there: int, ours: Ours) -> bool:
        """They counted so many live jobs before they answered. True if some that they counted before are missing."""
        asked, before, ended = self._asked, self._excess, self._ended
        # What this answer told may have happened before they counted or after.
        self._ended, self._excess = self._ended_now, None
        if asked is None or not (asked.settled and ours.settled) or ours.arrived > asked.arrived:
            return False
        self._excess = there - asked.live
        return before is not None and there - ours.live < before - ended
