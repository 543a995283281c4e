"""The words of Grid Engine: Son of Grid Engine 8.1, and its relatives as far as they speak the same."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.words import parts
from ganga.backends.grid_engine import accounting, ids, queue, reasons, runs, submitting
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.states import is_error
from ganga.errors import UsageError
from ganga.model.ids import NativeId, shortened
from ganga.model.resources import Resources
from ganga.model.step import Step

_VARIABLES: Final = Variables(
    # In a job that is no array it is "undefined".
    index="$(case ${SGE_TASK_ID:-undefined} in (undefined) echo 0 ;; (*) echo $((SGE_TASK_ID - 1)) ;; esac)",
    restart="",
    job="$JOB_ID",
    prefixes=("SGE_", "JOB_ID", "JOB_NAME", "JOB_SCRIPT", "NSLOTS", "NHOSTS", "NQUEUES", "PE_HOSTFILE", "RESTARTED"),
)
#: Times in UTC, since they are printed without a zone, and words in English.
_PLAIN: Final = ("env", "TZ=UTC", "LC_ALL=C")
#: The history of this user.
_OWN_HISTORY: Final = ("/bin/sh", "-c", 'exec qacct -o "$(id -un)" "$@"', "qacct")

#: What qdel says of jobs that need no end, besides what it has done.
_HARMLESS: Final = re.compile(
    r"does not exist|do not exist|is already in deletion|are already in deletion|has registered|has deleted"
)
#: Jobs of which the history is asked one by one; for more of them all that it has of this user is read, once.
_ONE_BY_ONE: Final = 50
#: No patterns, which would mean other jobs too, and no lists.
_NAME: Final = re.compile(r"[^\W\d][^*?\[\]/:@\\,!|&()\n\r\t]*")
_USER: Final = re.compile(r"\w[\w.$@+-]*")
_ANY: Final = "*"


class GridEngine:
    """The `Dialect` of one target, which is `Explaining` and `Chronicling` too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """As people call it."""
        return "Grid Engine"

    @property
    def variables(self) -> Variables:
        """Whether it was run before it tells its jobs, and not how often."""
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
        return Command(tuple(submitting.words(order, self._settings)), order.script)

    def submitted(self, reply: Reply, /) -> str:
        """See `submitting.read`."""
        return submitting.read(reply)

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12``, or ``12.4`` for the task of index 3."""
        return ids.native_id(job, index)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(native_id)

    def queue(self) -> Command:
        """Those of this user only, as it is by default."""
        return _ask_queue()

    def queue_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """All of them: qstat chooses no jobs by their numbers in this form."""
        return [_ask_queue("-u", _ANY)] if ids else []

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `queue.read`."""
        return queue.read(reply)

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and arrays. Each question reads the whole history."""
        jobs = list(dict.fromkeys(native_id.partition(".")[0] for native_id in ids))
        if len(jobs) > _ONE_BY_ONE:
            return [Command((*_PLAIN, *_OWN_HISTORY, "-j", _ANY))]
        return [_ask_history("-j", job) for job in jobs]

    def read_history(self, reply: Reply, /) -> Listing | None:
        """See `accounting.read`."""
        return accounting.read(reply)

    def chronicle_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """The history has all runs."""
        return self.history_of(ids)

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]] | None:
        """See `runs.read`."""
        return runs.read(reply)

    def explain(self, listing: Listing, /) -> Sequence[Command]:
        """Ask for the reasons of the error states."""
        errors = [
            key for key, entry in listing.items() if entry.seen is not None and is_error(entry.seen.native_status)
        ]
        jobs = dict.fromkeys(native_id.partition(".")[0] for native_id in errors)
        return [Command((*_PLAIN, *reasons.QUESTION, ",".join(part))) for part in parts(jobs)]

    def read_explanations(self, reply: Reply, /) -> Mapping[NativeId, str]:
        """See `reasons.read`."""
        return reasons.read(reply)

    def kill(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """As many in a command as its line takes."""
        return [Command((*_PLAIN, "qdel", *part)) for part in parts(ids.compress(ids_))]

    def killed(self, reply: Reply, /) -> None:
        """Raises `BackendUnavailable` unless all that it complains of are jobs that are gone."""
        if reply.exit_code == 0:
            return
        lines = (reply.text + reply.stderr.decode("utf-8", "replace")).splitlines()
        if not lines or not all(_HARMLESS.search(line) for line in lines):
            raise reply.unavailable()

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12.3``, ``12.1-5``, ``name:X`` or ``user:X``."""
        kind, colon, name = reference.partition(":")
        days = ("-d", str(self._settings.history_days))
        if colon and kind == "name" and _NAME.fullmatch(name):
            history = Command((*_PLAIN, *_OWN_HISTORY, *days, "-j", name))
            return Inquiry(_ask_queue(), history, lambda _, entry: entry.name == name)
        if colon and kind == "user" and _USER.fullmatch(name):
            return Inquiry(_ask_queue("-u", name), _ask_history("-o", name, *days, "-j", _ANY))
        meant = ids.split(reference)
        if meant is None:
            raise UsageError(
                f"{shortened(reference)!r} is no job of Grid Engine; expected such as 12, 12.3, 12.1-9, name:NAME or "
                "user:NAME"
            )
        return Inquiry(_ask_queue("-u", _ANY), _ask_history("-j", meant[0]), lambda key, _: _is_meant(key, *meant))


def _ask_queue(*which: str) -> Command:
    return Command((*_PLAIN, *queue.QUESTION, *which))


def _ask_history(*which: str) -> Command:
    return Command((*_PLAIN, "qacct", *which))


def _is_meant(native_id: NativeId, job: str, tasks: frozenset[NativeId] | None) -> bool:
    return native_id.partition(".")[0] == job if tasks is None else native_id in tasks
