"""What a dialect is: the words of one batch system, and the reading of what it answers. No input or output, no clock.

Each question is a `Command`; what came of it, a `Reply`, goes to the function that reads it. A reader believes a reply
if its exit code is right and the marker that the question asked for is there, such as the line with the titles; else it
raises `BackendUnavailable`, where the system says that it could not be asked, or `BackendProtocolError`. It may find
less than there is, and never an end that the text does not contain.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol, runtime_checkable

from ganga.backends.batch.shell import Command, Reply
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.resources import Resources
from ganga.model.step import Step


class Place(NamedTuple):
    """Which task of which job a native id means; a job that is no array has one task, of index 0."""

    #: The system's id of the job, or of the whole array: no blanks, no slashes.
    job: str
    #: The index in the array.
    task: int


class Entry(NamedTuple):
    """One line of the queue or of the history."""

    #: The name of the job or array; empty where the system does not tell it.
    name: str
    #: None where the system has the job, and does not say how it is.
    seen: Observation | None
    #: The user whose it is; empty where the system does not tell that, or need not, since it can be asked for users.
    owner: str = ""
    #: Whether it was run again `seen.restart` times at most: some systems count starts that came to nothing too.
    counts_vain_starts: bool = False
    #: Whether its success is told also where the system has not seen how it ended.
    assumed: bool = False
    #: Whether its submission is not over, and may never be: the system has not all that it needs to run the job.
    arriving: bool = False


#: What the queue or the history says of jobs, array tasks each by itself.
Listing = Mapping[NativeId, Entry]


@dataclass(frozen=True, slots=True)
class Variables:
    """How a job learns who it is: words of a POSIX shell that expand to it inside of a job, in double quotes."""

    #: The index of an array task, counted from 0; ``0`` in a job that is no array.
    index: str
    #: How often the system has run the job before; empty where it does not count.
    restart: str
    #: The system's id of the job or of the whole array, as `Place.job` has it.
    job: str
    #: What the names of the system's own variables begin with: those of a job from which somebody submits are not
    #: passed on.
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One job, or an array of several that differ by their indices only, to be submitted."""

    #: By which it is found again: letters, digits, dots, dashes and underscores.
    name: str
    #: What the system is to run: a script of a POSIX shell.
    script: bytes
    #: None for a job that is no array; else the indices are those below.
    tasks: int | None
    resources: Resources
    #: Where the job is started, and the file for what the system itself has to say.
    folder: PurePosixPath
    log: PurePosixPath
    #: For systems that bring files to the machines of jobs: whether there are input files of all tasks, which are in
    #: ``inputs``, and which tasks have some of their own, in ``own.INDEX``.
    shared_files: bool = False
    own_files: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How the jobs are found that a person means: what the queue and the history answer counts."""

    queue: Command
    #: None where the history cannot be asked like this.
    history: Command | None = None
    #: Which of the jobs in the answers are meant, for systems that cannot be asked for these alone.
    means: Callable[[NativeId, Entry], bool] = lambda _native_id, _entry: True


class Dialect(Protocol):
    """The words of one batch system."""

    @property
    def name(self) -> str:
        """As people call the system."""
        ...

    @property
    def variables(self) -> Variables:
        """See `Variables`."""
        ...

    @property
    def largest_array(self) -> int:
        """So many tasks go into one array; 1 where there are no arrays."""
        ...

    def refusal(self, wish: Resources, /) -> str | None:
        """Why a job that needs this cannot be taken; None if it can."""
        ...

    # Submit

    def submit(self, order: Order, /) -> Command:
        """Submit a job or an array."""
        ...

    def submitted(self, reply: Reply, /) -> str:
        """The id of the job or of the whole array. Raises `SubmissionRejected` only if the system surely has not taken
        it.
        """
        ...

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """The id of a job, or of one task of an array."""
        ...

    def place(self, native_id: NativeId, /) -> Place | None:
        """What an id means; None for text that is no id of this system."""
        ...

    # Follow

    def queue(self) -> Command:
        """Ask for all jobs of this user that the system has in its mind, in one call."""
        ...

    def queue_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Ask for these, whosever they are."""
        ...

    def read_queue(self, reply: Reply, /) -> Listing:
        """What the answer to either says."""
        ...

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Ask what is written down of these; empty for a system that writes nothing down."""
        ...

    def read_history(self, reply: Reply, /) -> Listing | None:
        """What is written down; None if it turns out that the system writes nothing down."""
        ...

    # Kill, adopt

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Ask for the end of these."""
        ...

    def killed(self, reply: Reply, /) -> None:
        """Return if the system has taken note; jobs that it does not know, or that have ended, do not matter."""
        ...

    def inquiry(self, reference: str, /) -> Inquiry:
        """How to find what a person calls ``123``, ``name:X`` or ``user:X``. Raises `UsageError`."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """For dialects whose queue says that somebody must act, and not why."""

    def explain(self, listing: Listing, /) -> Sequence[Command]:
        """Ask why, for those jobs of the listing that need it."""
        ...

    def read_explanations(self, reply: Reply, /) -> Mapping[NativeId, str]:
        """The reasons in the system's own words."""
        ...


@runtime_checkable
class Carrying(Protocol):
    """For dialects of systems that may bring files to the machines of jobs and back."""

    @property
    def carries_files(self) -> bool:
        """Whether it does; then jobs do not see the files of the machine with the commands."""
        ...


@runtime_checkable
class Receiving(Protocol):
    """For dialects of systems that know of a job before they have its files: of `Entry.arriving`."""

    def call_off(self, name: str, /) -> Command:
        """Ask for the end of what is arriving under this name; see `Dialect.killed`."""
        ...


class Usage(NamedTuple):
    """What a job has used in its newest run; None where that is not told."""

    #: Bytes.
    peak_memory: int | None
    #: Seconds, user and system, of all its processes.
    cpu_time: float | None


@runtime_checkable
class Measuring(Protocol):
    """For dialects that tell by a question of its own what jobs have used."""

    def usage_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Ask what these, which have ended, have used; empty where nobody wants to know."""
        ...

    def read_usage(self, reply: Reply, /) -> Mapping[NativeId, Usage]:
        """What the answer says."""
        ...


@runtime_checkable
class Chronicling(Protocol):
    """For dialects of systems that write down what happens to a job, all runs of it."""

    def chronicle_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Ask for all that is written down of these."""
        ...

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]] | None:
        """The steps of each job, oldest first; None if it turns out that the system writes nothing down."""
        ...
