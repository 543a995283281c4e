"""What goes wrong, when, and for how long: a pure function of a seed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Kind(StrEnum):
    """What can go wrong."""

    #: SIGKILL of a monitor, which is started again when the fault is over.
    KILL = "kill"
    #: SIGSTOP of a monitor, mostly for longer than its lease, then SIGCONT.
    FREEZE = "freeze"
    #: The wall clock of a monitor jumps, and back again.
    CLOCK = "clock"
    #: Between a monitor and its targets nothing passes, until what was held arrives late.
    TARGET_SILENT = "target-silent"
    #: Connections between a monitor and its targets are reset.
    TARGET_RESET = "target-reset"
    #: Requests to the targets pass, answers do not.
    TARGET_DEAF = "target-deaf"
    #: The targets answer late.
    LATE = "late"
    #: The targets answer well, and with nothing.
    EMPTY = "empty"
    #: Answers end in the middle.
    CUT = "cut"
    #: Requests arrive twice; answers have items twice, of different ages, in any order.
    DUPLICATED = "duplicated"
    #: Answers tell what was true a while ago.
    STALE = "stale"
    #: The targets refuse to answer (503).
    BUSY = "busy"
    #: SIGKILL of whoever submits, in the middle of anything.
    SUBMITTER = "submitter"
    #: SIGKILL of whoever reads the events.
    READER = "reader"
    #: SIGKILL of the process that starts the local jobs.
    SPOOLER = "spooler"
    #: The disk of the store is full.
    DISK = "disk"
    #: All who write the store wait for its disk: each sync takes up to half a second, each write a part of that.
    DISK_SLOW = "disk-slow"
    #: Between a host and the store nothing passes, until what was held arrives late.
    STORE_SILENT = "store-silent"
    #: Connections between a host and the store are reset.
    STORE_RESET = "store-reset"
    #: What a host says to the store passes, answers do not.
    STORE_DEAF = "store-deaf"
    #: The next COMMIT of a host is carried out, and its answer is lost with the connection.
    STORE_SNIP = "store-snip"
    #: All between a host and the store takes its time.
    STORE_SLOW = "store-slow"
    #: The server of the store is restarted: in an orderly way, at once, or after SIGKILL.
    RESTART_FAST = "restart-fast"
    RESTART_IMMEDIATE = "restart-immediate"
    RESTART_KILL = "restart-kill"
    #: The server of the store dies, and a standby takes its place.
    FAILOVER = "failover"


@dataclass(frozen=True, slots=True)
class Span:
    """How long faults of a kind last, in seconds, and what they strike."""

    shortest: float
    longest: float
    #: What two faults may not strike at the same time.
    subject: str
    #: Whether each host has such a thing of its own.
    each_host: bool = False
    #: How many have one besides.
    others: int = 0
    #: How often it strikes, compared with others.
    weight: float = 1.0


_WEATHER: Final = Span(2.0, 6.0, "weather")
_TARGET_LINK: Final = Span(2.0, 7.0, "target link", each_host=True)
#: Who reads and who submits have one, too.
_STORE_LINK: Final = Span(2.0, 7.0, "store link", each_host=True, others=2)
_SERVER: Final = Span(1.0, 4.0, "server", weight=0.5)

SPANS: Final[Mapping[Kind, Span]] = {
    Kind.KILL: Span(0.2, 5.0, "process", each_host=True, weight=2.0),
    Kind.FREEZE: Span(1.0, 8.0, "process", each_host=True, weight=2.0),
    Kind.CLOCK: Span(2.0, 6.0, "clock", each_host=True),
    Kind.TARGET_SILENT: _TARGET_LINK,
    Kind.TARGET_RESET: _TARGET_LINK,
    Kind.TARGET_DEAF: _TARGET_LINK,
    Kind.LATE: _WEATHER,
    Kind.EMPTY: _WEATHER,
    Kind.CUT: _WEATHER,
    Kind.DUPLICATED: _WEATHER,
    Kind.STALE: _WEATHER,
    Kind.BUSY: _WEATHER,
    Kind.SUBMITTER: Span(0.2, 1.0, "submitter"),
    Kind.READER: Span(0.2, 1.0, "reader"),
    Kind.SPOOLER: Span(0.0, 0.1, "spooler"),
    Kind.DISK: Span(1.0, 4.0, "server", weight=0.5),
    Kind.DISK_SLOW: Span(2.0, 7.0, "server", weight=0.5),
    Kind.STORE_SILENT: _STORE_LINK,
    Kind.STORE_RESET: _STORE_LINK,
    Kind.STORE_DEAF: _STORE_LINK,
    Kind.STORE_SNIP: _STORE_LINK,
    Kind.STORE_SLOW: _STORE_LINK,
    Kind.RESTART_FAST: _SERVER,
    Kind.RESTART_IMMEDIATE: _SERVER,
    Kind.RESTART_KILL: _SERVER,
    # Once is enough: a new standby takes long to make.
    Kind.FAILOVER: Span(1.0, 2.0, "server", weight=0.2),
}

#: Seconds between the beginnings of two faults, on average.
PAUSE: Final = 1.2
#: Seconds at the beginning in which nothing goes wrong.
PEACE: Final = 2.0
#: Seconds that a sync takes at most while a disk is slow.
SLOWEST: Final = 0.5
#: How far a clock jumps at most: a day, there or back.
DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. Times are seconds from the beginning."""

    at: float
    seconds: float
    kind: Kind
    #: Which of the hosts is struck; 0 where there is only one to strike.
    host: int
    #: Between 0 and 1: how badly.
    degree: float

    @property
    def subject(self) -> tuple[str, int]:
        """What is struck: nothing is struck by two faults at once."""
        return SPANS[self.kind].subject, self.host

    @property
    def until(self) -> float:
        """When it is over."""
        return self.at + self.seconds


def schedule(seed: int, seconds: float, kinds: Collection[Kind], *, hosts: int = 3) -> tuple[Fault, ...]:
    """The faults of a run in order of their beginnings; each is over before the run is, and strikes what is whole."""
    random = Random(seed)
    choice = sorted(kinds)
    free: dict[tuple[str, int], float] = {}
    faults: list[Fault] = []
    at = PEACE
    while choice and at < seconds:
        fault = _fault(random, at, choice, hosts)
        if fault.until <= seconds and free.get(fault.subject, 0.0) <= at:
            free[fault.subject] = fault.until
            faults.append(fault)
            if fault.kind is Kind.FAILOVER:
                choice.remove(Kind.FAILOVER)
        at = round(at + random.expovariate(1.0 / PAUSE), 2)
    return tuple(faults)


def _fault(random: Random, at: float, kinds: list[Kind], hosts: int) -> Fault:
    (kind,) = random.choices(kinds, [SPANS[kind].weight for kind in kinds])
    span = SPANS[kind]
    seconds = round(random.uniform(span.shortest, span.longest), 2)
    host = random.randrange(hosts + span.others) if span.each_host else 0
    return Fault(at, seconds, kind, host, round(random.random(), 2))
