"""What stands beside the commands of a batch system: another way to ask, a place where its news come from, and one
where it keeps output.

The first two are not needed: whatever they do not tell, or tell wrong, comes to light when the commands are asked. So
both are believed for what they say, and nothing follows from what they leave out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ganga.backends.batch.dialect import Listing, Place
from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Observation


class Road(Protocol):
    """A way to a system that is taken before its commands."""

    async def listing(self) -> Listing:
        """What the system has in its mind, as far as it is told on this way; empty while the way is closed."""
        ...

    async def kill(self, ids: Collection[NativeId], /) -> Collection[NativeId]:
        """Ask for the end of these; returns those of which the system has surely taken note."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """What is new."""

    #: Evidence like any other.
    told: Mapping[NativeId, Observation] = field(default_factory=dict)
    #: Jobs of which the system is to be asked at once: they may have ended, or may go back to the queue.
    hints: frozenset[NativeId] = frozenset()
    #: Jobs of which there may have been news that nobody has read: the system is to be asked of them once.
    missed: frozenset[NativeId] = frozenset()
    #: Where to go on; None for sources that begin anew each time.
    cursor: Cursor | None = None


class Source(Protocol):
    """Where news come from before a sweep would bring them."""

    async def news(self, since: Cursor | None, followed: Collection[NativeId], /) -> News:
        """What is new of these jobs since the cursor (None: since now). Raises `BackendUnavailable`."""
        ...


class Depot(Protocol):
    """Where a system keeps the output of jobs that have ended, out of sight of the shell, until it is let go."""

    async def bring(self, jobs: Mapping[NativeId, Place], /) -> Mapping[NativeId, str]:
        """Have the output of these in their folders, whole; returns why not, of each of which it is not there. Raises
        `BackendUnavailable`.
        """
        ...

    async def let_go(self, jobs: Mapping[NativeId, Place], /) -> None:
        """The output of these is home: let go of what was brought, and of no other. Raises `BackendUnavailable`."""
        ...
