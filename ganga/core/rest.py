"""A target that asks to be left alone is left alone, whatever there is to be done."""

from math import inf

from ganga.model.clock import Monotonic


class Rest:
    """Until when one target asked to be left alone."""

    #: Seconds that are granted at most: whoever set the time may have erred.
    LONGEST = 3600.0
    #: A target that asks for so many seconds says itself that it is down.
    OUTAGE = 30.0

    __slots__ = ("until",)

    def __init__(self) -> None:
        #: Nothing is to be asked before this.
        self.until = Monotonic(-inf)

    def asked_for(self, seconds: float | None, now: Monotonic) -> bool:
        """The target asked for so many seconds from now on (None: it did not). True if that is an outage."""
        granted = min(seconds or 0.0, self.LONGEST)
        self.until = max(self.until, Monotonic(now + granted))
        return granted >= self.OUTAGE
