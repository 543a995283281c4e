"""When the servers at the end of one road have been silent for so long that the others are worth a try. Pure."""

from typing import Final

#: So many failures on end, over so many seconds at least, and the other roads are tried. A server that is started
#: again is back before.
FAILURES: Final = 3
LASTING: Final = 60.0
#: Seconds between two rounds of trying them while none works: at first, and at most.
_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 960.0


class Outage:
    """Counts failures; the time is an argument.

    Only servers that do not answer count. Credentials that have expired are neither a failure of the road nor a sign
    of its health: they are renewed by a person, and count for nothing here.
    """

    def __init__(self, failures: int = FAILURES, lasting: float = LASTING) -> None:
        self._most = failures
        self._lasting = lasting
        self._failures = 0
        self._began = 0.0
        self._pause = _FIRST_PAUSE
        self._not_before = 0.0

    def succeeded(self) -> None:
        """The servers have answered."""
        self._failures = 0
        self._pause = _FIRST_PAUSE

    def failed(self, now: float, *, announced: bool = False) -> bool:
        """They have not; whether the roads are to be tried now. What the servers announce to last needs not be waited
        for.
        """
        if not self._failures:
            self._began = now
        self._failures += 1
        lasts = announced or (self._failures >= self._most and now - self._began >= self._lasting)
        if not lasts or now < self._not_before:
            return False
        self._not_before = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True
