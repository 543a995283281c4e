"""Jobs of other owners that are followed: what is new of our own jobs does not tell of them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Final

from ganga.backends.dirac.road import JobState

#: So many are asked about together with our own; of further ones the sweep tells.
MOST: Final = 5000


class Others:
    """Their numbers, learnt from the answers about jobs that are followed. Those that have ended are kept, since they
    may be run again.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[int, str] = OrderedDict()

    def learn(self, states: Iterable[JobState], ours: str | None) -> None:
        """Jobs that are followed, as they are now; `ours` is our own name, or None if it is not known yet."""
        for state in states:
            if state.owner not in {"", ours}:
                self._owners[state.id] = state.owner
                self._owners.move_to_end(state.id)

    def numbers(self, ours: str) -> Collection[int]:
        """Those heard of last that are not ours."""
        if ours in self._owners.values():
            self._owners = OrderedDict((job, owner) for job, owner in self._owners.items() if owner != ours)
        while len(self._owners) > MOST:
            self._owners.popitem(last=False)
        return self._owners.keys()
