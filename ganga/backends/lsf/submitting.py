"""The words of ``bsub``, and what it answers."""

import math
import re
import shlex
from collections.abc import Iterator
from typing import Final

from ganga.backends.batch.dialect import Order
from ganga.backends.batch.shell import Reply
from ganga.backends.batch.words import strange_word
from ganga.backends.lsf.settings import Settings
from ganga.errors import SubmissionRejected
from ganga.model.ids import shortened
from ganga.model.resources import Resources, beyond

#: For container images each site makes words of its own.
_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "gpus", "native"})
#: With this variable bsub does not tell the number of the job.
_TALKATIVE: Final = ("env", "--unset=BSUB_QUIET")

_SUBMITTED: Final = re.compile(r"^Job <([1-9][0-9]{0,18})> is submitted to .*queue <[^>]+>", re.MULTILINE)
_REFUSED: Final = re.compile(r"^(.*?)[.:]? *Job not submitted\.?\s*$", re.MULTILINE)
#: Reasons that say nothing about the job: what LSF could not be asked, or will do later.
_LATER: Final = re.compile(
    r"library call|connect|please wait|communicat|timeout|timed out|time out|daemon|mbatchd|master|management host|"
    r"retry|try again|threshold|limit (?:is |has been )?reached|temporar|respond|responsible|authenti|licen[cs]e|"
    r"system call|server|is down|RPC|XDR|socket",
    re.IGNORECASE,
)


def refusal(wish: Resources) -> str | None:
    """Why a job that needs this cannot be taken."""
    return strange_word(wish, "bsub") or beyond(wish, "LSF", _RESOURCES)


def words(order: Order, settings: Settings) -> Iterator[str]:
    """The whole command."""
    tasks = "" if order.tasks is None else f"[1-{order.tasks}]"
    yield from (*_TALKATIVE, "bsub", "-J", f"{order.name}{tasks}", "-cwd", str(order.folder), "-o", str(order.log))
    for option in (*settings.native, *order.resources.native):
        yield from shlex.split(option)
    yield from _needs(order.resources, settings)


def read(reply: Reply) -> str:
    """The number of the job, on the last line that has one: sites let bsub say more. Raises `SubmissionRejected`
    too.
    """
    if reply.exit_code == 0:
        found = _SUBMITTED.findall(reply.text)
        if not found:
            raise reply.unreadable("the number of the job")
        number: str = found[-1]
        return number
    why = _refusal(reply.complaint)
    if why is None:
        raise reply.unavailable()
    raise SubmissionRejected(f"LSF refuses it: {why}")


def _needs(wish: Resources, settings: Settings) -> Iterator[str]:
    """Memory with its unit, since without one it means what the site has chosen."""
    if wish.processors is not None:
        yield from ("-n", str(wish.processors), "-R", "span[hosts=1]")
    if wish.memory is not None:
        memory = f"{math.ceil(wish.memory / 2**20)}MB"
        yield from ("-M", memory, "-R", f"rusage[mem={memory}]")
    if wish.time is not None:
        yield from ("-W", str(math.ceil(wish.time / 60)))
    if wish.gpus is not None:
        yield from ("-gpu", f"num={wish.gpus}")
    if queue := wish.queue or settings.queue:
        yield from ("-q", queue)
    if project := wish.project or settings.project:
        yield from ("-P", project)


def _refusal(complaint: str) -> str | None:
    """Why the job is refused; None if it is not the job's fault, or not surely so."""
    match = _REFUSED.search(complaint)
    if match is None or _LATER.search(complaint):
        return None
    return shortened(match[1] or complaint, 300)
