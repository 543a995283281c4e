"""The words of HTCondor, 23.9 and others as far as they speak the same."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.words import parts
from ganga.backends.htcondor import constraints, description, ids, jobs, runs, submitting
from ganga.backends.htcondor.settings import Settings
from ganga.errors import UsageError
from ganga.model.ids import NativeId, shortened
from ganga.model.resources import Resources
from ganga.model.step import Step

#: Jobs are told by their arguments who they are; variables of a job from which somebody submits mean nothing here.
_VARIABLES: Final = Variables(
    index="0", restart="", job="", prefixes=("_CONDOR_", "CONDOR_SLOT", "CONDOR_PARENT", "BATCH_SYSTEM")
)
_NAME: Final = re.compile(r"[^\"\\\x00-\x1f\x7f]+")
_USER: Final = re.compile(r"[A-Za-z_][\w.-]*")


class HTCondor:
    """The `Dialect` of one target."""

    def __init__(self, settings: Settings, events: PurePosixPath) -> None:
        self._settings = settings
        #: The file of the event log.
        self._events = events
        pool = ("-pool", settings.pool) if settings.pool else ()
        self._where = (*pool, *(("-name", settings.schedd) if settings.schedd else ()))

    @property
    def name(self) -> str:
        """As people call it."""
        return "HTCondor"

    @property
    def variables(self) -> Variables:
        """See `_VARIABLES`."""
        return _VARIABLES

    @property
    def largest_array(self) -> int:
        """What the settings say may be less."""
        return ids.MOST_JOBS

    @property
    def carries_files(self) -> bool:
        """See `Carrying`."""
        return self._settings.carries_files

    def refusal(self, wish: Resources, /) -> str | None:
        """See `description.refusal`."""
        return description.refusal(wish, self._settings)

    def submit(self, order: Order, /) -> Command:
        """The description goes through the standard input; the script that it runs is in the folder of the batch."""
        text = description.text(order, self._settings, self._events)
        spool = ("-spool",) if self._settings.spool else ()
        return Command(("condor_submit", *self._where, *spool, "-terse", "-"), text)

    def submitted(self, reply: Reply, /) -> str:
        """See `submitting.read`."""
        return submitting.read(reply)

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12.0``, or ``12.3`` for the job of index 3."""
        return ids.native_id(job, index)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(native_id)

    def queue(self) -> Command:
        """Those of this user only, as it is by default."""
        return self._ask_queue()

    def queue_of(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and clusters."""
        return [self._ask_queue(*part) for part in parts(ids.words(ids_))]

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `jobs.read_queue`."""
        return jobs.read_queue(reply)

    def history_of(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and clusters."""
        return [self._ask_history(*part) for part in parts(ids.words(ids_))]

    def read_history(self, reply: Reply, /) -> Listing | None:
        """See `jobs.read_history`."""
        return jobs.read_history(reply)

    def chronicle_of(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """The queue, and then the history."""
        which, asked = list(parts(ids.words(ids_))), runs.ATTRIBUTES
        queue = [self._ask_queue(*part, attributes=asked) for part in which]
        return [*queue, *(self._ask_history(*part, attributes=asked) for part in which)]

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]]:
        """See `runs.read`."""
        return runs.read(reply)

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """As many in a command as its line takes. A spooled job that has ended by itself is still in the queue, with
        its output, and stays there.
        """
        which = list(parts(dict.fromkeys(ids)))
        if self._settings.spool:
            return [self._remove("-constraint", constraints.unless_completed(part)) for part in which]
        return [self._remove(*part) for part in which]

    def killed(self, reply: Reply, /) -> None:
        """See `submitting.killed`."""
        submitting.killed(reply)

    def call_off(self, name: str, /) -> Command:
        """See `Receiving`."""
        return self._remove("-constraint", constraints.arriving(name))

    def bring_home(self, ids: Collection[NativeId], /) -> Command:
        """Have the output of these spooled jobs in the folders from which they were submitted."""
        return Command(("condor_transfer_data", *self._where, *ids))

    def let_go(self, ids: Collection[NativeId], /) -> Command:
        """Have the queue forget these spooled jobs, which have ended by themselves."""
        return self._remove("-constraint", constraints.completed(ids))

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12.3``, ``name:X`` or ``user:X``."""
        kind, colon, name = reference.partition(":")
        if colon and kind == "name" and _NAME.fullmatch(name):
            which = ("-constraint", f'JobBatchName == "{name}"')
            return Inquiry(self._ask_queue(*which), self._ask_history(*which), lambda _, entry: entry.name == name)
        if colon and kind == "user" and _USER.fullmatch(name):
            return Inquiry(self._ask_queue(name), self._ask_history(name), lambda _, entry: entry.owner == name)
        if not ids.is_reference(reference):
            raise UsageError(
                f"{shortened(reference)!r} is no job of HTCondor; expected such as 12, 12.3, name:NAME or user:NAME"
            )
        queue, history = self._ask_queue(reference), self._ask_history(reference)
        return Inquiry(queue, history, lambda native_id, _: ids.means(reference, native_id))

    def _remove(self, *which: str) -> Command:
        return Command(("condor_rm", *self._where, *which))

    def _ask_queue(self, *which: str, attributes: str = jobs.ATTRIBUTES) -> Command:
        asked = (*self._where, *which, "-json", "-attributes", attributes)
        return Command(("/bin/sh", "-c", jobs.ASK_QUEUE, "condor_q", *asked))

    def _ask_history(self, *which: str, attributes: str = jobs.ATTRIBUTES) -> Command:
        return Command(("condor_history", *self._where, *which, "-json", "-attributes", attributes))
