"""What a road to DIRAC is: the calls that the back end needs, whatever protocol carries them.

A road reports what the servers say and decides nothing. Silence is not an answer: each verb gives the whole reply or
raises. `BackendUnavailable` means that the server could not be asked, or that its reply cannot be believed (failed,
empty, cut short, a page of HTML); its words say what is wrong and what to do. `Refused` means that the server was asked
and said no. A token, a key or a proxy never appears in an error or a log.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from ganga.backends.web.errors import CredentialsExpired, Refused
from ganga.model.clock import Utc
from ganga.model.step import Step

if TYPE_CHECKING:
    from ganga.backends.dirac.settings import Settings

#: The errors of a road are those of all that is spoken to over HTTPS, whatever protocol carries it.
__all__ = ["CredentialsExpired", "Identity", "JobState", "Refused", "Road", "RoadModule"]


class JobState(Struct, frozen=True, kw_only=True, gc=False):
    """One job as a server tells it. Empty text and None mean "not said"."""

    id: int
    #: DIRAC's own words, as they are.
    status: str
    minor_status: str = ""
    application_status: str = ""
    #: By the server's clock; moved by each update of the status.
    updated_at: Utc | None = None
    site: str = ""
    name: str = ""
    group: str = ""
    owner: str = ""
    #: How often DIRAC has run this id again.
    reschedules: int = 0
    started_at: Utc | None = None
    ended_at: Utc | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """Who we are for the servers."""

    owner: str
    group: str
    organisation: str
    #: When the credentials end that cannot be renewed without a person; None if nothing is known of an end.
    expires_at: Utc | None = None


class Road(Protocol):
    """One protocol, one server, one identity; on the event loop, never blocking it."""

    @property
    def name(self) -> str:
        """``diracx``, ``https``, ``dips`` or ``client``."""
        ...

    @property
    def takes_lists(self) -> bool:
        """Whether one call of `submit` takes several descriptions; otherwise it takes one, which may be parametric."""
        ...

    @property
    def expires_at(self) -> Utc | None:
        """When the credentials end that cannot be renewed without a person, as they were last read: no call is made."""
        ...

    async def clock(self) -> Utc:
        """The server's time, right to a second or two. No call is needed where a reply of the last minute told it."""
        ...

    async def states(self, ids: Collection[int], /) -> Mapping[int, JobState]:
        """Of each of these jobs, at most 1,000; an id that is missing in what is returned was denied by a whole
        reply.
        """
        ...

    def changed(
        self, since: Utc, /, *, owner: str | None = None, ids: Collection[int] | None = None
    ) -> AsyncIterator[Sequence[JobState]]:
        """The jobs of this owner, or these jobs (one of the two is given), whose status was updated at `since` or
        later (whole seconds), page by page.

        An iterator that ends without raising has given all pages; pages may repeat jobs.
        """
        ...

    async def jobs(
        self, *, owner: str | None = None, group: str | None = None, names: Collection[str] | None = None
    ) -> Mapping[int, JobState]:
        """All jobs for which all that is given holds; at least one of the three is given."""
        ...

    async def counts(self, *, owner: str) -> Mapping[str, int] | None:
        """How many jobs of the owner have which status; None if the server cannot count."""
        ...

    async def upload(self, archive: Path, /) -> str:
        """Store a ``.tar.bz2`` as an input sandbox; returns its name for the job descriptions: ``SB:...|/...``."""
        ...

    async def submit(self, descriptions: Sequence[str], /) -> Sequence[int]:
        """Submit these JDLs, or one parametric one: the ids in the order of the jobs, all of them or `Refused`."""
        ...

    async def kill(self, ids: Collection[int], /) -> None:
        """Request the end of these jobs, which exist and are this identity's."""
        ...

    async def reschedule(self, ids: Collection[int], /) -> None:
        """Run these jobs again under their ids."""
        ...

    async def delete(self, ids: Collection[int], /) -> None:
        """Mark these jobs as to be deleted."""
        ...

    async def history(self, ids: Collection[int], /) -> Mapping[int, Sequence[Step]]:
        """What happened to these jobs, oldest first."""
        ...

    async def peek(self, job: int, /) -> str:
        """The last lines of output that the job has reported while it runs; empty if there are none (yet).

        Raises `UsageError` if the servers have no way to show them.
        """
        ...

    async def output(self, job: int, into: Path, /) -> bool:
        """Bring the archives of the job's output sandbox into this folder, unopened; False if there are none."""
        ...

    async def whoami(self) -> Identity:
        """Who the server takes us for."""
        ...

    async def close(self) -> None:
        """Close what is open; the road is not used again."""
        ...


class RoadModule(Protocol):
    """The shape of a module with a road, which is imported when its road is taken."""

    def open_road(self, settings: "Settings", /) -> AbstractAsyncContextManager[Road]:
        """Open the road and close it again. Raises `ConfigurationError`, or `BackendUnavailable` if the server does
        not offer it or cannot be asked.
        """
        ...
