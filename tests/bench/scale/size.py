"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Of a store, of what happens in it, and of who reads it."""

    targets: int
    #: In the whole store: jobs and subjobs, and those of them that are followed.
    stored: int
    live: int
    #: Changes a minute, of all targets.
    changes: float
    #: For which the changes, and for which an idle monitor are measured, and for which one is killed.
    seconds: float
    idle_seconds: float
    takeover_seconds: float
    #: Of a lease.
    lease: float
    #: Processes, and readers in each.
    reading: int
    readers: int
    #: Records that are saved to measure the rate, and how often.
    saved: int
    runs: int
    #: Jobs in the stores that grow, and those that are followed where their number does not.
    growth: tuple[int, ...]
    followed: int


#: About ten minutes for two stores, and five for their growth.
FULL = Size(
    targets=10,
    stored=1_000_000,
    live=100_000,
    changes=10_000.0,
    seconds=60.0,
    idle_seconds=60.0,
    takeover_seconds=10.0,
    lease=5.0,
    reading=10,
    readers=10,
    saved=10_000,
    runs=3,
    growth=(1_000, 10_000, 100_000, 1_000_000),
    followed=1_000,
)

#: All the machinery in seconds; what it measures means nothing.
SMALL = Size(
    targets=3,
    stored=1_000,
    live=300,
    changes=1_800.0,
    seconds=2.0,
    idle_seconds=1.0,
    takeover_seconds=1.0,
    lease=1.0,
    reading=2,
    readers=2,
    saved=1_000,
    runs=1,
    growth=(100, 1_000),
    followed=50,
)
