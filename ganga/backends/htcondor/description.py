"""What is submitted: a submit description. This is the one place where data become part of such a text.

Its language has no way to quote each character in each place. So what it would read as something else than itself is
refused, and not mended.
"""

import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from ganga.backends.batch.dialect import Order
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.states import TIME_LIMIT
from ganga.model.ids import shortened
from ganga.model.resources import Resources, beyond

_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "gpus", "image", "native"})
#: What may stand on a line by itself, and in double quotes.
_WORD: Final = re.compile(r"[\w.@/+-]+", re.ASCII)
_IMAGE: Final = re.compile(r"[\w.:@/+=~,-]+", re.ASCII)
#: One line, which does not go on in the next one.
_NATIVE: Final = re.compile(
    r"(?P<name>[+]?[A-Za-z_][\w.]*)[ \t]*=(?P<value>[^\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]*)"
)
#: Without these lines, as they are, no job is run as it should be, or found again.
_OURS: Final = frozenset(
    {
        *("executable", "arguments", "args", "transfer_executable", "log", "log_xml", "output", "stdout", "error"),
        *("stderr", "input", "initialdir", "initial_dir", "job_iwd", "batch_name", "jobbatchname", "queue"),
        *("should_transfer_files", "when_to_transfer_output", "transfer_input_files", "transfer_output_files"),
        *("transfer_output_remaps", "leave_in_queue", "userlog", "iwd", "cmd", "max_idle", "max_materialize"),
    }
)
_REMOVE: Final = "periodic_remove"
#: Where no files are shared: begins the launcher in the folder that HTCondor makes on the machine of the job.
_HERE: Final = 'exec /bin/sh ./launch.sh "$PWD" "$@"'
_FILES_OF_EACH: Final = "$(files)"


def refusal(wish: Resources, settings: Settings) -> str | None:
    """Why a job that needs this cannot be taken."""
    return _beyond(wish, settings) or _strange(wish, settings) or _strange_native(wish, settings)


def text(order: Order, settings: Settings, events: PurePosixPath) -> bytes:
    """The whole of it, for a job that is not refused. Of a spooled job the event log would lie in the spool."""
    lines = (*_needs(order.resources, settings), *settings.native, *order.resources.native, *_ours(order, settings))
    log = () if settings.spool else (f"log = {events}",)
    queue = _queue_with_files(order) if settings.carries_files and order.own_files else _queue(order)
    return "".join(f"{line}\n" for line in (*lines, *log, *queue)).encode()


def is_plain(path: PurePosixPath) -> bool:
    """Whether the path means itself in a submit description."""
    return re.search(r'[$"\\\x00-\x1f\x7f\x85\u2028\u2029]|^ | $', str(path)) is None


def time_limit(seconds: int) -> str:
    """What is true of a job that has run for longer. HTCondor's own limit would hold it, and that would be no end."""
    return f"JobStatus =?= 2 && {TIME_LIMIT} > {seconds}"


def _beyond(wish: Resources, settings: Settings) -> str | None:
    if (wish.queue or settings.queue) and not settings.queue_attribute:
        return "HTCondor has no queues, unless the setting queue_attribute names what the site takes for one"
    if wish.image and not settings.carries_files:
        return "a container sees the files of its job only where HTCondor brings them: set shared_files = false"
    return beyond(wish, "HTCondor", _RESOURCES)


def _strange(wish: Resources, settings: Settings) -> str | None:
    for word, pattern, what in (
        (wish.queue or settings.queue, _WORD, "name of a queue"),
        (wish.project or settings.project, _WORD, "name of an accounting group"),
        (wish.image, _IMAGE, "container image"),
    ):
        if word and not pattern.fullmatch(word):
            return f"{shortened(word)!r} is no {what}"
    return None


def _strange_native(wish: Resources, settings: Settings) -> str | None:
    names: set[str] = set()
    for line in (*settings.native, *wish.native):
        match = _NATIVE.fullmatch(line)
        if match is None or match["value"].rstrip().endswith("\\"):
            return f"{shortened(line)!r} is no line of a submit description; write 'NAME = VALUE'"
        names.add(match["name"].lower().removeprefix("+").removeprefix("my."))
    if names & _OURS:
        return f"{', '.join(sorted(names & _OURS))} cannot be chosen: ganga needs it to run a job and to find it again"
    if wish.time is not None and _REMOVE in names:
        return f"a time limit is said by {_REMOVE}; leave out one of them"
    return None


def _needs(wish: Resources, settings: Settings) -> Iterator[str]:
    if wish.processors is not None:
        yield f"request_cpus = {wish.processors}"
    if wish.memory is not None:
        yield f"request_memory = {math.ceil(wish.memory / (1 << 20))}"
    if wish.gpus is not None:
        yield f"request_gpus = {wish.gpus}"
    if wish.time is not None:
        yield f"{_REMOVE} = {time_limit(wish.time)}"
    if project := wish.project or settings.project:
        yield f"accounting_group = {project}"
    if queue := wish.queue or settings.queue:
        yield f'+{settings.queue_attribute} = "{queue}"'
    if wish.image:
        yield from ("universe = container", f"container_image = {wish.image}")


def _ours(order: Order, settings: Settings) -> Iterator[str]:
    yield f"batch_name = {order.name}"
    yield "notification = never"
    yield "executable = /bin/sh"
    yield "transfer_executable = False"
    yield f"initialdir = {order.folder}"
    yield from _brought(order) if settings.carries_files else _shared(order)


def _shared(order: Order) -> Iterator[str]:
    yield "should_transfer_files = NO"
    yield "output = /dev/null"
    yield f"error = {order.log}"
    yield f"arguments = {_arguments(f'{order.folder}/launch.sh', str(order.folder), *_TASK)}"


def _brought(order: Order) -> Iterator[str]:
    """Each job gets its files, and the folder that the launcher makes comes back to where the others have theirs. With
    it comes word of which job this is, for the case that nobody has noted that.
    """
    yield "should_transfer_files = YES"
    yield "when_to_transfer_output = ON_EXIT"
    yield f"transfer_input_files = {_FILES_OF_EACH if order.own_files else ','.join(_files(order))}"
    yield "transfer_output_files = $(Process),job"
    yield "output = log.$(Process)"
    yield "error = log.$(Process)"
    yield f"arguments = {_arguments('-c', _HERE, 'launch', *_TASK)}"


def _files(order: Order) -> Iterator[str]:
    """Those of all jobs of a batch."""
    yield from ("launch.sh", "task.sh")
    if order.shared_files:
        yield "inputs"


def _queue(order: Order) -> Iterator[str]:
    yield f"queue {order.tasks or 1}"


def _queue_with_files(order: Order) -> Iterator[str]:
    """A line with the files of each job."""
    yield "queue files from ("
    for index in range(order.tasks or 1):
        own = (f"own.{index}",) if index in order.own_files else ()
        yield ",".join((*_files(order), *own))
    yield ")"


#: The index of a job, how often it was run before, which the launcher counts by itself, and the cluster.
_TASK: Final = ("$(Process)", "", "$(Cluster)")


def _arguments(*words: str) -> str:
    inner = " ".join("'" + word.replace("'", "''") + "'" for word in words)
    return '"' + inner.replace('"', '""') + '"'
