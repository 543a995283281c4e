"""What a back end is.

A back end is asked by one monitor at a time. Its verbs take many jobs at once, and each says three things apart: what
is so, what surely is not so, and (by raising `BackendUnavailable`) that it could not be asked. What it leaves out of a
reply was not spoken of, and nothing follows from that.

A module is the plug-in: it has a `Settings`, a `policy` and a `connect`, and is named by an entry point of the group
``ganga.backends``. It may have a `discover` too.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from ganga.model.clock import Utc
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec, Share
from ganga.model.observation import Answer, Observation
from ganga.model.policy import Policy
from ganga.model.step import Step

ENTRY_POINTS = "ganga.backends"


@dataclass(frozen=True, slots=True)
class Submission:
    """One job, or one subjob, to be handed to a back end."""

    job: JobId
    #: By which the job can be found again; the same for every try of the same attempt, and no other's.
    tag: Tag
    spec: JobSpec
    share: Share = field(default_factory=Share)
    #: The folder with copies of the input files, or None if there are none.
    inputs: Path | None = None
    #: A private file with the environment of whoever submitted, as a JSON object, or None if it is not to be passed on.
    environment: Path | None = None


@dataclass(frozen=True, slots=True)
class Receipts:
    """Which submissions were accepted, and which were refused and why. Of the others nothing is known."""

    accepted: Mapping[Tag, NativeId] = field(default_factory=dict)
    rejected: Mapping[Tag, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Which tags the back end has, and which it surely has not and never will. Of the others nothing is known."""

    present: Mapping[Tag, NativeId] = field(default_factory=dict)
    absent: frozenset[Tag] = frozenset()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One job whose output is to be brought home."""

    native_id: NativeId
    #: Patterns relative to the job's own folder, besides the standard output and error.
    outputs: tuple[str, ...]
    #: An empty folder of its own; what is put there is shown to nobody before all of it is there.
    into: Path


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came of a `Retrieval`: the files ``stdout`` and ``stderr`` and all that the patterns match are in its
    folder.
    """

    #: Patterns that match nothing.
    missing: tuple[str, ...] = ()
    #: Why the output could not be had, this time; None if all of it is there.
    error: str | None = None


class Stream(StrEnum):
    """Which output of a job; the value is its file name in the output folder."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of what a running job has written, as it reported them last: another time these are others."""

    text: str
    #: When it reported them, by the clock of the machine that it runs on; None if that is not said.
    at: Utc | None = None


class Backend(Protocol):
    """On the event loop, never blocking it. Every verb may raise `BackendUnavailable`, and none of them guesses."""

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Hand over jobs none of which is there yet."""
        ...

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look for jobs whose submission was interrupted."""
        ...

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """Ask about each of these jobs."""
        ...

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """Request the end of these jobs; killing twice is once, and what has ended stays as it ended."""
        ...

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """Bring home the output of jobs that have ended; may be repeated until `discard`."""
        ...


class BlockingBackend(Protocol):
    """The same verbs for a library that blocks; `in_threads` makes a `Backend` of it. Called from several threads."""

    def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `Backend.submit`."""
        ...

    def find(self, tags: Collection[Tag], /) -> Finding:
        """See `Backend.find`."""
        ...

    def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `Backend.poll`."""
        ...

    def kill(self, ids: Collection[NativeId], /) -> None:
        """See `Backend.kill`."""
        ...

    def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        ...


@runtime_checkable
class Feed(Protocol):
    """For those who can also say what is new."""

    async def changes(self, since: Cursor | None, /) -> Answer:
        """What is new since the cursor (None: since now). It may wait for news, for half its time-out at most."""
        ...


@runtime_checkable
class Readable(Protocol):
    """For those who show the output of a job while it runs."""

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """What the job has written from byte `offset` on, at most a mebibyte; empty if there is nothing (yet)."""
        ...


@runtime_checkable
class Peeking(Protocol):
    """For those who show no more of a running job's output than its end."""

    async def peek(self, native_id: NativeId, /) -> Tail:
        """The last lines of its standard output. Raises `UsageError` if that cannot be had of this job."""
        ...


@runtime_checkable
class Historied(Protocol):
    """For those who record what happens to a job."""

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """The steps of each of these jobs, oldest first; a job of which nothing is recorded is left out."""
        ...


@runtime_checkable
class Rescheduling(Protocol):
    """For those who can run a job again under its native id."""

    async def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Have these jobs run again, whatever became of them. Returns those that were refused, with the reasons.

        Not to be repeated without a thought: the error says whether it is known that nothing happened.
        """
        ...


@runtime_checkable
class Deleting(Protocol):
    """For those who can be told that a job is no longer needed."""

    async def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Forget these jobs and their output; deleting twice is once. Returns those that were refused, with the
        reasons: one that lives is refused.
        """
        ...


@runtime_checkable
class Discarding(Protocol):
    """For those who keep a job's files until they are told that these are no longer needed."""

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """The output of these jobs is home: their files there may go. Unknown ids are none of its business."""
        ...


@runtime_checkable
class Adopting(Protocol):
    """For those who can follow jobs that something else submitted."""

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """The jobs that these words of a person mean. Raises `UsageError` for words that mean none."""
        ...


@runtime_checkable
class Identified(Protocol):
    """For those who act in the name of somebody, with credentials that end."""

    @property
    def identity(self) -> Identity | None:
        """Whom the system takes us for, as far as that is known without asking anybody; None before it is known."""
        ...


@runtime_checkable
class Strained(Protocol):
    """For those who can say how much they suffer."""

    @property
    def stuck_threads(self) -> int:
        """Threads that outlived their time-out and are still hanging."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a back end is given besides its settings."""

    target: TargetName
    #: A private folder of the target's own for its files, on this machine; it may not exist yet.
    folder: Path


SettingsT = TypeVar("SettingsT")


class BackendModule(Protocol[SettingsT]):
    """The shape of a plug-in: a module with these names."""

    #: A frozen `msgspec.Struct`; its fields are the settings of a target, with a ``#:`` comment each.
    Settings: type[SettingsT]

    def policy(self, settings: SettingsT, /) -> Policy:
        """How a target with these settings wants to be treated."""
        ...

    def connect(self, settings: SettingsT, surroundings: Surroundings, /) -> AbstractAsyncContextManager[Backend]:
        """Open what is needed and close it again. Raises `BackendUnavailable` or `ConfigurationError`."""
        ...


@runtime_checkable
class Located(Protocol):
    """For settings that say where their target is."""

    @property
    def where(self) -> str:
        """A host or an address, in a word; empty where they leave it open."""
        ...


@dataclass(frozen=True, slots=True)
class Discovery:
    """Whether a target could be made here, as far as that can be told without asking any server."""

    #: What is here, in its own words where it has some, such as ``slurm-wlm 22.05.8``; empty if nothing is.
    found: str = ""
    #: Why that is no target yet, and what to do about it; None if it could be one.
    obstacle: str | None = None
    #: What the settings of a target need besides its back end.
    settings: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Discovering(Protocol):
    """For plug-ins that find their system on a machine where nobody has configured it yet."""

    async def discover(self, environment: Mapping[str, str], /) -> Discovery:
        """Look around on this machine, with the variables of this process, within seconds; loads nothing heavy."""
        ...
