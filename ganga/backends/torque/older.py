"""The words of Torque up to 2.4 that are others: a subjob is ``12-3.server``, and qstat tells of all unasked."""

import re
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Place, Variables
from ganga.backends.batch.shell import Command
from ganga.backends.pbs import ids, references
from ganga.backends.torque.jobs import Reader
from ganga.backends.torque.words import Torque, question, says_none
from ganga.model.ids import NativeId

#: The id of a job has no index in it, whatever dashes its server has.
_VARIABLES: Final = Variables(
    index="${PBS_ARRAYID:-0}",
    restart="",
    job='$(number=${PBS_JOBID%%.*}; echo "${number%%-*}.${PBS_JOBID#*.}")',
    prefixes=("PBS_",),
)
#: With the subjobs of arrays, and those of all users.
_QUESTION: Final = question("qstat", "-f")
_MADE_AT_ONCE: Final = 256
_DASHED: Final = re.compile(r"([0-9]+)-([0-9]+)(\..*)?")


def _newer(text: str) -> str:
    """What the later versions write instead; other text stays as it is, but for brackets, which mean nothing here."""
    match = _DASHED.fullmatch(text)
    return text.replace("[", "") if match is None else f"{match[1]}[{match[2]}]{match[3] or ''}"


def _is_single(text: str) -> bool | None:
    return None if ids.parse(_newer(text)) is None else True


class Older(Torque):
    """The `Dialect` of one target."""

    _reader = Reader(_is_single, says_none)

    @property
    def name(self) -> str:
        """As people call it."""
        return "Torque 2.4"

    @property
    def variables(self) -> Variables:
        """Jobs are not told how often they were run before."""
        return _VARIABLES

    @property
    def largest_array(self) -> int:
        """The server makes as many subjobs at once: of a larger array it would tell some, and not yet the others, which
        would pass for cancelled.
        """
        return _MADE_AT_ONCE

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12.server``, or ``12-3.server``."""
        number, _, server = job.partition(".")
        return NativeId(job if index is None else f"{number}-{index}.{server}")

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(_newer(native_id))

    def queue(self) -> Command:
        """Those of all users; it has no word for arrays as a whole."""
        return _QUESTION

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12`` for a job or an array, ``12-3.server``, ``name:X`` or ``user:X``."""
        means = references.means(_newer(reference))
        return Inquiry(self.queue(), self.queue(), lambda native_id, entry: means(NativeId(_newer(native_id)), entry))
