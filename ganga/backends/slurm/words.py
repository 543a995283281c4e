"""The words of Slurm, 22.05 and later: its text forms, which are the same in all versions."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from ganga.backends.batch.dialect import Inquiry, Listing, Order, Place, Usage, Variables
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.slurm import accounting, ids, queue, runs, usage
from ganga.backends.slurm.settings import Settings
from ganga.errors import SubmissionRejected, UsageError
from ganga.model.ids import NativeId, shortened
from ganga.model.resources import Resources, beyond
from ganga.model.step import Step

_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "gpus", "native"})
_VARIABLES: Final = Variables(
    index="${SLURM_ARRAY_TASK_ID:-0}",
    restart="${SLURM_RESTART_COUNT:-0}",
    job="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}",
    prefixes=("SLURM", "SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_"),
)
#: Times as seconds since 1970, which are local times without a zone by themselves, and lists of tasks that are not cut.
_PLAINLY: Final = ("SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0")

_SUBMITTED: Final = re.compile(r"([1-9][0-9]{0,9})(?:;[^\s;]+)?")
#: How sbatch says that the job itself is wrong. The first comes from the controller, with its reason; the others from
#: the reading of options.
_REFUSED: Final = re.compile(
    r"^sbatch: (?:error: (?:Batch job submission failed: (?P<why>.*)|(?P<error>.*[Ii]nvalid .*|.* specification .*))"
    r"|(?P<option>(?:un|in)\w+ (?:option|argument).*|option .*))$",
    re.MULTILINE,
)
#: Reasons that say nothing about the job: what the controller could not be asked, or will do later.
_LATER: Final = re.compile(
    r"contact|timed out|connect|temporarily|transmi|Communication|Protocol|authenticat|Socket|Resource busy|"
    r"slurmdbd|Unexpected|shutdown|standby|is not responding|in progress",
    re.IGNORECASE,
)
_FEDERATION: Final = re.compile(r"^Federation: (\S+)$", re.MULTILINE)
#: Jobs in one question by their numbers.
_AT_ONCE: Final = 1000
#: What scancel says of jobs that need no end.
_HARMLESS: Final = re.compile(r"Invalid job id specified|already completing or completed|Job/step already")


class Slurm:
    """The `Dialect` of one target, which is `Measuring` and `Chronicling` too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A token for the REST interface is not for the commands, nor for the jobs that they submit.
        unset = ("--unset=SLURM_JWT",) if settings.rest_url and not settings.token_file else ()
        self._plain = ("env", *unset) if unset else ()
        self._plainly = ("env", *unset, *_PLAINLY)
        self._cluster = (f"--clusters={settings.cluster}",) if settings.cluster else ()

    @property
    def name(self) -> str:
        """As people call it."""
        return "Slurm"

    @property
    def variables(self) -> Variables:
        """The restart count is not set in the first run."""
        return _VARIABLES

    @property
    def largest_array(self) -> int:
        """What the settings say may be less."""
        return ids.MOST_TASKS

    def refusal(self, wish: Resources, /) -> str | None:
        """There is no word for a container image that every Slurm has; some have one among the native options."""
        strange = next((word for word in wish.native if not word.startswith("-")), None)
        if strange is not None:
            return f"{shortened(strange)!r} is no option of sbatch, which begin with a dash"
        return beyond(wish, "Slurm", _RESOURCES)

    def submit(self, order: Order, /) -> Command:
        """The script goes through the standard input, so that no machine need see it."""
        words = (
            *self._plain,
            "sbatch",
            "--parsable",
            f"--job-name={order.name}",
            f"--chdir={order.folder}",
            f"--output={str(order.log).replace('%', '%%')}",
            "--open-mode=append",
            *self._cluster,
            *(() if order.tasks is None else (f"--array=0-{order.tasks - 1}",)),
            *self._wish(order.resources),
        )
        return Command(words, order.script)

    def submitted(self, reply: Reply, /) -> str:
        """The number is the last line: sites let sbatch say more."""
        if reply.exit_code == 0:
            match = _SUBMITTED.fullmatch((reply.text.split() or [""])[-1])
            if match is None:
                raise reply.unreadable("the number of the job")
            return match[1]
        why = _refusal(reply.complaint)
        if why is None:
            raise reply.unavailable()
        raise SubmissionRejected(f"Slurm refuses it: {why}")

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        """``12``, or ``12_3``."""
        return ids.native_id(job, index)

    def place(self, native_id: NativeId, /) -> Place | None:
        """The reverse."""
        return ids.place(native_id)

    def queue(self) -> Command:
        """Those of this user only: the controller chooses them, and is spared the others."""
        return self._ask_queue("--me")

    def queue_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and arrays."""
        return [self._ask_queue(f"--jobs={numbers}") for numbers in _numbers(ids)]

    def read_queue(self, reply: Reply, /) -> Listing:
        """See `queue.read`."""
        return queue.read(reply)

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """By the numbers of jobs and arrays: one answer tells of all tasks."""
        return self._ask_about(ids, accounting.QUESTION)

    def read_history(self, reply: Reply, /) -> Listing | None:
        """See `accounting.read`."""
        return accounting.read(reply)

    def usage_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """Only where the settings want it: it is one question more whenever jobs have ended."""
        return self._ask_about(ids, usage.QUESTION) if self._settings.usage else []

    def read_usage(self, reply: Reply, /) -> Mapping[NativeId, Usage]:
        """See `usage.read`."""
        return usage.read(reply)

    def chronicle_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        """All runs of each job."""
        return self._ask_about(ids, runs.QUESTION)

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]] | None:
        """See `runs.read`."""
        return runs.read(reply)

    def kill(self, ids_: Collection[NativeId], /) -> Sequence[Command]:
        """All in one command."""
        return [Command((*self._plain, "scancel", *self._cluster, *ids.compress(ids_)))] if ids_ else []

    def killed(self, reply: Reply, /) -> None:
        """Raises `BackendUnavailable` unless all that it complains of are jobs that are gone."""
        if reply.exit_code == 0:
            return
        lines = reply.complaint.splitlines()
        if not lines or not all(_HARMLESS.search(line) for line in lines):
            raise reply.unavailable()

    def inquiry(self, reference: str, /) -> Inquiry:
        """``12``, ``12_3``, ``name:X`` or ``user:X``."""
        kind, colon, name = reference.partition(":")
        since = f"--starttime=now-{self._settings.history_days}days"
        if colon and kind == "name" and name:
            return Inquiry(self._ask_queue(f"--name={name}", "--me"), self._ask_history(f"--name={name}", since))
        if colon and kind == "user" and name:
            return Inquiry(self._ask_queue(f"--user={name}"), self._ask_history(f"--user={name}", since))
        if ids.expand(reference) is not None:
            return Inquiry(self._ask_queue(f"--jobs={reference}"), self._ask_history(f"--jobs={reference}"))
        raise UsageError(
            f"{shortened(reference)!r} is no job of Slurm; expected such as 12, 12_3, 12_[0-9], name:NAME or user:NAME"
        )

    def federation(self) -> Command:
        """What tells whether the cluster is a member of one."""
        # Where there is no such command, that ends with an exit code too.
        return Command((*(self._plain or ("env",)), "scontrol", "show", "federation"))

    def read_federation(self, reply: Reply, /) -> str | None:
        """Its name; None if there is none, or if that is not told."""
        match = _FEDERATION.search(reply.text) if reply.exit_code == 0 else None
        return match and match[1]

    def _ask_queue(self, *which: str) -> Command:
        return Command((*self._plainly, *queue.QUESTION, *self._cluster, *which))

    def _ask_history(self, *which: str, question: Sequence[str] = accounting.QUESTION) -> Command:
        return Command((*self._plainly, *question, *self._cluster, *which))

    def _ask_about(self, ids: Collection[NativeId], question: Sequence[str]) -> Sequence[Command]:
        return [self._ask_history(f"--jobs={numbers}", question=question) for numbers in _numbers(ids)]

    def _wish(self, wish: Resources) -> Iterator[str]:
        if wish.processors is not None:
            yield from ("--nodes=1", "--ntasks=1", f"--cpus-per-task={wish.processors}")
        if wish.memory is not None:
            yield f"--mem={math.ceil(wish.memory / 1024)}K"
        if wish.time is not None:
            yield f"--time={wish.time // 60}:{wish.time % 60:02}"
        if partition := wish.queue or self._settings.queue:
            yield f"--partition={partition}"
        if project := wish.project or self._settings.project:
            yield f"--account={project}"
        if wish.gpus is not None:
            yield f"--gres=gpu:{wish.gpus}"
        yield from (*self._settings.native, *wish.native)


def _numbers(native_ids: Collection[NativeId]) -> Iterator[str]:
    """Those of jobs and arrays, as many to a command as its line takes."""
    rest = iter(dict.fromkeys(native_id.partition("_")[0] for native_id in native_ids))
    while part := list(islice(rest, _AT_ONCE)):
        yield ",".join(part)


def _refusal(complaint: str) -> str | None:
    """Why the job is refused; None if it is not the job's fault, or not surely so."""
    for match in _REFUSED.finditer(complaint):
        why = match["why"] or match["error"] or match["option"]
        if why and not _LATER.search(why):
            return shortened(why, 300)
    return None
