"""The words of IBM Spectrum LSF, 10.1.0.2 and later, as IBM's documentation has them."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.words import parts
from ganga.backends.lsf import history, ids, queue, submitting
from ganga.backends.lsf.settings import Settings
from ganga.errors import UsageError
from ganga.model.ids import NativeId, shortened
from ganga.model.resources import Resources

_VARIABLES: Final = Variables(
    # It is 0 in a job that is no array.
    index="$((${LSB_JOBINDEX:-0} ? LSB_JOBINDEX - 1 : 0))",
    restart="",
    job="$LSB_JOBID",
    prefixes=("LSB_", "LSF_", "LS_", "BSUB_"),
)
_PLAIN: Final = ("env", "LC_ALL=C")
_ANYBODY: Final = ("-u", "all")

#: What bkill says of jobs that need no end, besides what it has done.
_HARMLESS: Final = re.compile(r"is being (?:terminated|signaled)|has already finished|No matching job found")
#: While it waits for LSF; an answer may follow.
_WAITING: Final = re.compile(r"Please wait")
_NAME: Final = re.compile(r"[^\W][^*\[\]\n\r\t]*")
_USER: Final = re.compile(r"\w[\w.$@+-]*")


class Lsf:
    """The `Dialect` of one target."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """As people call it."""
        return "LSF"

    @property
    def variables(self) -> Variables:
        """It does not tell its jobs how often they were run."""
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
        return Command(tuple(submitting.words(order, self._settings)), order.script)

    def submitted(self, reply: Reply, /) -> str:
        """See `submitting.read`."""
        return submitting.read(reply)

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12``, or ``12[4]`` for the task of index 3."""
        return ids.native_id(job, index)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(native_id)

    def queue(self) -> Command:
        """Those of this user only, as it is by default."""
        return _ask_queue()

    def queue_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and arrays."""
        return [_ask_queue(*_ANYBODY, *part) for part in _numbers(ids)]

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `queue.read`."""
        return queue.read(reply)

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and arrays: one answer tells of all tasks."""
        return [_ask_history(*part) for part in _numbers(ids)]

    def read_history(self, reply: Reply, /) -> Listing | None:
        """See `history.read`."""
        return history.read(reply)

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """As many in a command as its line takes."""
        return [Command((*_PLAIN, "bkill", *part)) for part in parts(dict.fromkeys(ids))]

    def killed(self, reply: Reply, /) -> None:
        """Raises `BackendUnavailable` unless all that it complains of are jobs that are gone."""
        if reply.exit_code == 0:
            return
        lines = (reply.text + reply.stderr.decode("utf-8", "replace")).splitlines()
        answers = [line for line in lines if not _WAITING.search(line)]
        if not answers or not all(_HARMLESS.search(line) for line in answers):
            raise reply.unavailable()

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12[3]``, ``12[1-5]``, ``name:X`` or ``user:X``."""
        kind, colon, name = reference.partition(":")
        if colon and kind == "name" and _NAME.fullmatch(name):
            return Inquiry(_ask_queue(), means=lambda _, entry: entry.name == name)
        if colon and kind == "user" and _USER.fullmatch(name) and name != "all":
            return Inquiry(_ask_queue("-u", name))
        meant = ids.split(reference)
        if meant is None:
            raise UsageError(
                f"{shortened(reference)!r} is no job of LSF; expected such as 12, 12[3], 12[1-9], name:NAME or "
                "user:NAME"
            )
        return Inquiry(_ask_queue(*_ANYBODY, meant[0]), _ask_history(meant[0]), lambda key, _: _is_meant(key, *meant))


def _ask_queue(*which: str) -> Command:
    return Command((*_PLAIN, *queue.QUESTION, *which))


def _ask_history(*which: str) -> Command:
    return Command((*_PLAIN, *history.QUESTION, *which))


def _numbers(native_ids: Collection[NativeId]) -> Sequence[list[str]]:
    return list(parts(dict.fromkeys(map(ids.job_of, native_ids))))


def _is_meant(native_id: NativeId, job: str, tasks: frozenset[NativeId] | None) -> bool:
    return ids.job_of(native_id) == job if tasks is None else native_id in tasks
