"""A target that fails too often on end is said to be down, until it answers again."""

from ganga.model.clock import Utc


class Circuit:
    """Counts the failures of one target."""

    __slots__ = ("_failures", "_threshold", "failing_since")

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._failures = 0
        #: When the first failure since the last success was noticed.
        self.failing_since: Utc | None = None

    def failed(self, at: Utc) -> bool:
        """One more failure; True when it is the one that opens the circuit."""
        self._failures += 1
        if self.failing_since is None:
            self.failing_since = at
        return self._failures == self._threshold

    def closed(self) -> None:
        """The target answered."""
        self._failures = 0
        self.failing_since = None
