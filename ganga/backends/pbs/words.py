"""The words of PBS: OpenPBS 23.06, and PBS Professional as far as it speaks the same."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.pbs import deleting, ids, jobs, references, runs, submitting
from ganga.backends.pbs.deleting import PLAIN
from ganga.backends.pbs.settings import Settings
from ganga.model.ids import NativeId
from ganga.model.resources import Resources
from ganga.model.step import Step

_VARIABLES: Final = Variables(
    index="${PBS_ARRAY_INDEX:-0}",
    # Nothing tells a job how often it was run before.
    restart="",
    job=ids.IN_A_JOB,
    prefixes=("PBS_", "NCPUS"),
)
#: Jobs of which the history is asked one by one, as it has to be; for more of them all that there is is read, once.
_ONE_BY_ONE: Final = 20


class Pbs:
    """The `Dialect` of one target."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """As people call it."""
        return "PBS"

    @property
    def variables(self) -> Variables:
        """Jobs are not told how often they were run before."""
        return _VARIABLES

    @property
    def largest_array(self) -> int:
        """What the settings say may be less."""
        return ids.MOST_TASKS

    def refusal(self, wish: Resources, /) -> str | None:
        """See `submitting.refusal`."""
        return submitting.refusal(wish, self._settings)

    def submit(self, order: Order, /) -> Command:
        """The script goes through the standard input."""
        return Command((*PLAIN, *submitting.words(order, self._settings)), order.script)

    def submitted(self, reply: Reply, /) -> str:
        """See `submitting.read`."""
        return submitting.read(reply)

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12.server``, or ``12[3].server``."""
        return ids.native_id(job, index)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(native_id)

    def queue(self) -> Command:
        """Those of all users: qstat chooses none by their users in this form."""
        return _ask()

    def queue_of(self, _ids: Collection[NativeId], /) -> Sequence[Command]:
        """They would have been among those of all users."""
        return []

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `jobs.read`."""
        return jobs.read(reply)

    def history_of(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """One question for each job or array: of several, qstat tells of the first one only."""
        wanted = ids.arrays(ids_)
        return [_ask("-x")] if len(wanted) > _ONE_BY_ONE else [_ask("-x", job) for job in wanted]

    def read_history(self, reply: Reply, /) -> Listing | None:
        """See `jobs.read_history`."""
        return jobs.read_history(reply)

    def chronicle_of(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """See `runs`; asked as the history is."""
        return [Command((*PLAIN, "TZ=UTC0", *command.argv[len(PLAIN) :])) for command in self.history_of(ids_)]

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]] | None:
        """See `runs.read`."""
        return runs.read(reply)

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """As many in a command as its line takes."""
        return deleting.commands(ids)

    def killed(self, reply: Reply, /) -> None:
        """See `deleting.check`."""
        deleting.check(reply)

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12[]``, ``12[1-5].server``, ``name:X`` or ``user:X``."""
        means = references.means(reference)
        meant = ids.meaning(reference)
        return Inquiry(_ask(), _ask("-x") if meant is None else _ask("-x", meant.job), means)


def _ask(*which: str) -> Command:
    return Command((*PLAIN, *jobs.QUESTION, *which))
