"""What monitors tell of themselves to whoever measures them; nobody has to listen.

There are two kinds of news: work that takes time, which is observed from its beginning to its end, and facts. An
observer is handed down from whoever opens the store; it is called in between the steps of the monitors, so it neither
blocks nor raises. None of the news names a job.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from ganga.core.orders import Order
from ganga.errors import BackendUnavailable, LeaseLost, StoreUnavailable
from ganga.model.clock import Monotonic
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from ganga.model.status import JobStatus


class Call(Struct, frozen=True):
    """One call of a back end, until its reply was checked."""

    target: TargetName
    #: As in `Backend` and its companions; ``connect`` where the connection is opened.
    verb: str
    #: How many jobs it is about, where that is known before it is made.
    jobs: int = 0


class Save(Struct, frozen=True):
    """One transaction of the store."""

    target: TargetName
    records: int
    events: int


#: What takes time. An order of the tracker contains the calls that it comes to.
Work = Call | Save | Order


class Outcome(StrEnum):
    """How a piece of work ended."""

    OK = "ok"
    #: The back end, or the store, could not be reached.
    UNAVAILABLE = "unavailable"
    #: It took too long, or the monitor was stopped.
    CANCELLED = "cancelled"
    #: Another process looks after the target.
    LEASE_LOST = "lease_lost"
    #: It raised anything else.
    FAILED = "failed"


def outcome_of(error: BaseException | None) -> Outcome:
    """How work has ended that raised this."""
    match error:
        case None:
            return Outcome.OK
        case BackendUnavailable() | StoreUnavailable():
            return Outcome.UNAVAILABLE
        case asyncio.CancelledError():
            return Outcome.CANCELLED
        case LeaseLost():
            return Outcome.LEASE_LOST
        case _:
            return Outcome.FAILED


class LeaseStep(StrEnum):
    """What happens to the lease of a target."""

    AWAITED = "awaited"
    TAKEN = "taken"
    RENEWED = "renewed"
    RETURNED = "returned"
    LOST = "lost"


class LeaseTold(Struct, frozen=True):
    """A step in the life of the lease of one target, as this process sees it."""

    target: TargetName
    step: LeaseStep
    #: 0 while it is awaited.
    epoch: int = 0
    #: Whose target it is, where the process serves many; the same below.
    owner: str = ""


class Standing(Struct, frozen=True):
    """How a target fares that this process looks after, and how many of its jobs are followed of each status."""

    state: TargetState
    jobs: Mapping[JobStatus, int]
    owner: str = ""


class Allowed(Struct, frozen=True):
    """How often a target may be asked, as the budget that it draws on stands in the store."""

    target: TargetName
    #: Calls a second.
    rate: float
    #: Calls that may be made at once.
    left: float
    owner: str = ""


class LoopTurned(Struct, frozen=True):
    """The event loop is alive."""

    #: By how many seconds this is later than it should be.
    lag: float
    #: When it is to be told again.
    next_at: Monotonic


class LoopHeld(Struct, frozen=True):
    """Something holds the event loop; told in a thread of its own."""

    #: For at least so long by now.
    seconds: float


Fact = LeaseTold | Standing | Allowed | LoopTurned | LoopHeld


class Observer(Protocol):
    """Whoever measures monitors."""

    def during(self, work: Work, /) -> AbstractContextManager[object]:
        """Is entered when the work begins, and left when it ends, with what it raised."""
        ...

    def tell(self, fact: Fact, /) -> None:
        """Something is so from now on."""
        ...


class _Silent:
    """Nobody listens."""

    def __init__(self) -> None:
        self._nothing = nullcontext()

    def during(self, work: Work, /) -> AbstractContextManager[object]:  # noqa: ARG002 - of no interest here
        return self._nothing

    def tell(self, fact: Fact, /) -> None:
        pass


#: For whoever does not measure.
SILENT: Final[Observer] = _Silent()


class Observers:
    """Several observers as one; the work is within all of them."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    @contextmanager
    def during(self, work: Work, /) -> Iterator[None]:
        """See `Observer.during`."""
        with ExitStack() as stack:
            for observer in self._observers:
                stack.enter_context(observer.during(work))
            yield

    def tell(self, fact: Fact, /) -> None:
        """See `Observer.tell`."""
        for observer in self._observers:
            observer.tell(fact)
