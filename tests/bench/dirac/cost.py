"""What a cycle of monitoring costs whoever monitors."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from tests.bench.dirac.programs import Took
from tests.bench.dirac.relay import Passed


class Cost(Struct, frozen=True, kw_only=True):
    """Of one cycle."""

    seconds: float
    #: Seconds of the processors, with all processes of the program.
    work: float
    calls: float
    #: Bytes in both directions, with TLS.
    size: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            seconds=self.seconds + other.seconds,
            work=self.work + other.work,
            calls=self.calls + other.calls,
            size=self.size + other.size,
        )

    def times(self, factor: int) -> "Cost":
        """So many of them one after the other."""
        return Cost(
            seconds=self.seconds * factor, work=self.work * factor, calls=self.calls * factor, size=self.size * factor
        )


def cost(took: Sequence[Took], passed: Sequence[Passed], *, keeps: bool) -> Cost:
    """The medians of several rounds, in some of which it took so much, while in others so much passed. Where
    connections are kept, each turn on one is a call; otherwise each connection is.
    """
    return Cost(
        seconds=median(cycle.seconds for cycle in took),
        work=median(cycle.work for cycle in took),
        calls=median(cycle.turns if keeps else cycle.connections for cycle in passed),
        size=median(cycle.size for cycle in passed),
    )
