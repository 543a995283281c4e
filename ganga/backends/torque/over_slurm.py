"""The words of Torque as Slurm's own wrappers understand them (``slurm-wlm-torque``), and what these say differently.

They tell of no tasks of arrays, of no holds, and of no ends but that there was one: how it was, the launcher knows.
Their qsub hands its words to a shell, so here each is quoted, and knows one ``-l`` only.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.pbs import deleting, references
from ganga.backends.pbs.deleting import PLAIN
from ganga.backends.torque import submitting
from ganga.backends.torque.jobs import Reader
from ganga.backends.torque.words import Torque
from ganga.errors import SubmissionRejected
from ganga.model.ids import NativeId, shortened
from ganga.model.resources import Resources

#: Jobs have none of Torque's variables. The restart count is not set in the first run.
_VARIABLES: Final = Variables(
    index="0",
    restart="${SLURM_RESTART_COUNT:-0}",
    job="$SLURM_JOB_ID",
    prefixes=("PBS_", "SLURM", "SBATCH_"),
)
_ID: Final = re.compile(r"[1-9][0-9]{0,9}")
_QUESTION: Final = Command((*PLAIN, "qstat", "-f"))
_OF_NONE: Final = 153
#: This qsub takes the name of a file, and none that is a socket, which the standard input may be.
_THROUGH_A_PIPE: Final = 'cat | qsub "$@" /dev/stdin'
#: How sbatch says, in what qsub tells of it, that the job itself is wrong; all other errors may pass.
_REFUSED: Final = re.compile(
    r"sbatch: error: (?P<why>invalid .*|Batch job submission failed: "
    r"(?:Invalid (?:partition|account|qos|generic|feature|wckey).*|Requested .* not available|"
    r"More processors requested than permitted|Memory required by task is not available))$",
    re.MULTILINE,
)


def _is_single(text: str) -> bool | None:
    return True if _ID.fullmatch(text) else None


def _says_none(reply: Reply) -> bool:
    """By an exit code, without a word."""
    return reply.exit_code == _OF_NONE and not reply.complaint


class OverSlurm(Torque):
    """The `Dialect` of one target."""

    _reader = Reader(_is_single, _says_none)

    @property
    def name(self) -> str:
        """As people call it."""
        return "Slurm, by the words of Torque"

    @property
    def variables(self) -> Variables:
        """Those of Slurm."""
        return _VARIABLES

    @property
    def largest_array(self) -> int:
        """There are arrays, and no word of their tasks."""
        return 1

    def refusal(self, wish: Resources, /) -> str | None:
        """See `submitting.refusal`; and of several lists the last would be the only one."""
        return super().refusal(wish) or self._too_many_lists(wish)

    def _too_many_lists(self, wish: Resources) -> str | None:
        lists = [word for word in submitting.natives(wish, self._settings) if word.startswith("-l")]
        lists += [*submitting.resource_list(wish)][:1]
        if not lists[1:]:
            return None
        return f"Slurm's qsub takes one -l only, and {lists[-1]!r} would be another one; leave out native options -l"

    def submit(self, order: Order, /) -> Command:
        """The script goes through a pipe."""
        return Command(
            (*PLAIN, "sh", "-c", _THROUGH_A_PIPE, "qsub", *map(shlex.quote, self._words(order))), order.script
        )

    def _words(self, order: Order) -> Iterator[str]:
        yield from ("-N", order.name, "-o", str(order.log).replace("%", "%%"), "-j", "oe")
        yield from submitting.natives(order.resources, self._settings)
        yield from submitting.needs(order.resources, self._settings)

    def submitted(self, reply: Reply, /) -> str:
        """The number of the job, which is the last line. Raises `SubmissionRejected` too."""
        if reply.exit_code == 0:
            last = (reply.text.split() or [""])[-1]
            if _ID.fullmatch(last) is None:
                raise reply.unreadable("the number of the job")
            return last
        match = _REFUSED.search(reply.text)
        if match is None:
            raise reply.unavailable()
        raise SubmissionRejected(f"Slurm refuses it: {shortened(match['why'], 300)}")

    def native_id(self, job: str, _index: int | None, /) -> NativeId:
        """``12``."""
        return NativeId(job)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return Place(native_id, 0) if _ID.fullmatch(native_id) else None

    def queue(self) -> Command:
        """Those of all users; it has no word for the tasks of arrays."""
        return _QUESTION

    def killed(self, reply: Reply, /) -> None:
        """Of jobs that are gone it complains without a word: the exit code is their number."""
        if reply.exit_code < 0 or reply.complaint:
            deleting.check(reply)

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``name:X`` or ``user:X``."""
        if _ID.fullmatch(reference):
            return Inquiry(self.queue(), self.queue(), lambda native_id, _: native_id == reference)
        return Inquiry(self.queue(), self.queue(), references.means(reference))
