"""What all processes of one store take together."""

import time
from typing import NamedTuple, Self

from tests.bench.scale.children import Usage
from tests.bench.scale.places import Spent


class Costs(NamedTuple):
    """So far, at a moment; or of a minute, which `since` makes of two of these."""

    at: float
    monitors: Usage
    readers: Usage
    #: None where there is none.
    server: Spent | None

    @classmethod
    def now(cls, monitors: Usage, readers: Usage, server: Spent | None) -> Self:
        """At this moment."""
        return cls(time.monotonic(), monitors, readers, server)

    def since(self, before: "Costs") -> "Costs":
        """What a minute between then and now has cost; memory is that of now."""
        minutes = (self.at - before.at) / 60
        server = None
        if self.server is not None and before.server is not None:
            server = Spent(
                (self.server.work - before.server.work) / minutes,
                self.server.memory,
                round((self.server.transactions - before.server.transactions) / minutes),
                round((self.server.written - before.server.written) / minutes),
            )
        monitors = _of_a_minute(before.monitors, self.monitors, minutes)
        return Costs(self.at, monitors, _of_a_minute(before.readers, self.readers, minutes), server)


def _of_a_minute(before: Usage, after: Usage, minutes: float) -> Usage:
    written = round((after.written - before.written) / minutes)
    return Usage((after.work - before.work) / minutes, after.memory, written)
