"""A target that fails too often on end is said to be down, until it answers again."""

from ganga.model.clock import Utc


class Circuit:
    """Counts the failures of one target; one that was down before stays so without being said again."""

    __slots__ = ("_failures", "_threshold", "failing_since")

    def __init__(self, threshold: int, down_since: Utc | None = None) -> None:
        self._threshold = threshold
        self._failures = 0 if down_since is None else threshold
        #: When the first failure since the last success was noticed.
        self.failing_since = down_since

    def failed(self, at: Utc, *, announced: bool = False) -> bool:
        """One more failure; True when it is the one that opens the circuit. One that the target has announced itself
        needs no others.
        """
        was_open = self._failures >= self._threshold
        self._failures = self._threshold if announced else self._failures + 1
        if self.failing_since is None:
            self.failing_since = at
        return not was_open and self._failures >= self._threshold

    def closed(self) -> None:
        """The target answered."""
        self._failures = 0
        self.failing_since = None
