"""The words of Torque, 4 to 6."""

from collections.abc import Collection, Sequence
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.pbs import deleting, ids, references
from ganga.backends.pbs.deleting import PLAIN
from ganga.backends.torque import submitting
from ganga.backends.torque.jobs import Reader
from ganga.backends.torque.settings import Settings
from ganga.model.ids import NativeId
from ganga.model.resources import Resources

_VARIABLES: Final = Variables(
    index="${PBS_ARRAYID:-0}",
    # Nothing tells a job how often it was run before.
    restart="",
    job=ids.IN_A_JOB,
    prefixes=("PBS_",),
)
#: With the subjobs of arrays, and those of all users: it chooses none by their users in this form.
_QUESTION: Final = Command((*PLAIN, "qstat", "-t", "-f"))


def _is_single(text: str) -> bool | None:
    return None if ids.parse(text) is None else ids.place(text) is not None


class Torque:
    """The `Dialect` of one target."""

    _reader = Reader(_is_single, of_none=0)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """As people call it."""
        return "Torque"

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
        return submitting.refusal(wish)

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
        """Those of all users."""
        return _QUESTION

    def queue_of(self, _ids: Collection[NativeId], /) -> Sequence[Command]:
        """They would have been among those of all users."""
        return []

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `Reader.queue`."""
        return self._reader.queue(reply)

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """The same question once more, however many have ended; of jobs that it does not know it would be an error."""
        return [self.queue()] if ids else []

    def read_history(self, reply: Reply, /) -> Listing:
        """See `Reader.history`."""
        return self._reader.history(reply)

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """As many in a command as its line takes."""
        return deleting.commands(ids)

    def killed(self, reply: Reply, /) -> None:
        """See `deleting.check`."""
        deleting.check(reply)

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12[]``, ``12[1-5].server``, ``name:X`` or ``user:X``."""
        return Inquiry(self.queue(), self.queue(), references.means(reference))
