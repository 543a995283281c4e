"""The words of Torque, 4 to 6, and what all versions have in common."""

import re
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
#: Of no jobs qstat says nothing, as a command would that has not asked anybody: then the server is to say that it is
#: there. What was told is handed on to the last byte, which the shell would leave out if it were a line break.
_ASK: Final = (
    'said=$("$@"; code=$?; echo x; exit $code) || exit; said=${said%x}; '
    'if [ "$said" ]; then printf %s "$said"; else exec qstat -B -f; fi'
)
_SERVER: Final = re.compile(r"^Server:[ \t]+\S+\n(?:[ \t].*\n)*?[ \t]+server_state = \S", re.MULTILINE)


def question(*words: str) -> Command:
    """Ask by these words for jobs, and for the server if there are none."""
    return Command((*PLAIN, "sh", "-c", _ASK, *words[:1], *words), title=words[0])


def says_none(reply: Reply) -> bool:
    """Whether there are no jobs in the answer to that, and that can be believed."""
    return reply.exit_code == 0 and "Job Id:" not in reply.text and _SERVER.search(reply.text) is not None


#: With the subjobs of arrays, and those of all users: it chooses none by their users in this form.
_QUESTION: Final = question("qstat", "-t", "-f")


def _is_single(text: str) -> bool | None:
    return None if ids.parse(text) is None else ids.place(text) is not None


class Torque:
    """The `Dialect` of one target."""

    _reader = Reader(_is_single, says_none)

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
