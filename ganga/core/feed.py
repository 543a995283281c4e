"""When to ask for what is new: often while jobs live, and now and then while none does."""

from random import Random

from ganga.core.pacing import Pacer
from ganga.model.clock import Monotonic
from ganga.model.policy import Pace


class Feed(Pacer):
    """The pace of the questions for what is new.

    While no job lives, only one that is run again after its end can be new. With `idle`, so many seconds pass before
    each question then; without, none is asked.
    """

    __slots__ = ("_idle", "_idle_until")

    def __init__(self, pace: Pace, idle: float | None, random: Random) -> None:
        super().__init__(pace, random)
        self._idle = idle
        self._idle_until: Monotonic | None = None

    def look(self, now: Monotonic, *, live: bool) -> None:
        """Whether jobs live now."""
        if live:
            self._idle_until = None
        elif self._idle_until is None and self._idle is not None:
            self._idle_until = Monotonic(now + self._idle)

    def due_at(self, *, live: bool) -> Monotonic | None:
        """When the next question may be asked; None for not at all."""
        if live:
            return self.next_at
        return None if self._idle_until is None else max(self.next_at, self._idle_until)

    def asked(self, now: Monotonic) -> None:
        """See `Pacer.asked`."""
        super().asked(now)
        self._idle_until = None
