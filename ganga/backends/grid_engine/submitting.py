"""The words of ``qsub``, and what it answers."""

import math
import re
import shlex
from collections.abc import Iterator
from typing import Final

from ganga.backends.batch.dialect import Order
from ganga.backends.batch.shell import Reply
from ganga.backends.batch.words import strange_word
from ganga.backends.grid_engine.settings import Settings
from ganga.errors import SubmissionRejected
from ganga.model.ids import shortened
from ganga.model.resources import Resources, beyond

#: Those that it has words for everywhere; for graphics processors a site makes its own.
_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "native"})

_SUBMITTED: Final = re.compile(r"([1-9][0-9]{0,9})(?:\.[0-9,:-]+)?")
#: How it says that the job itself is wrong.
_REFUSED: Final = re.compile(
    r"^(?:Unable to run job: (?P<why>.*)|qsub: (?P<option>.*option.*|.*argument.*|Wrong .*)"
    r"|(?P<script>Unable to read script .*))$",
    re.MULTILINE,
)
#: Reasons that say nothing about the job: what the queue master could not be asked, or will do later.
_LATER: Final = re.compile(
    r"qmaster|commlib|connect|communicat|message|gdi|timeout|timed out|no answer|JSV|submit host|authenti|"
    r"max_u?_?jobs|more than [0-9]+ jobs|jobs of user|limit of jobs",
    re.IGNORECASE,
)
#: The job's own words, in which anything may stand.
_QUOTED: Final = re.compile(r'"[^"]*"')


def refusal(wish: Resources, settings: Settings) -> str | None:
    """Why a job that needs this cannot be taken. Several processors, graphics processors and memory are words of each
    site, that the settings have to name.
    """
    strange = strange_word(wish, "qsub")
    if strange is not None:
        return strange
    if (wish.processors or 1) > 1 and not settings.parallel_environment:
        return "Grid Engine gives several processors in a parallel environment only; name one in the settings"
    if wish.memory is not None and not settings.memory_resource:
        return "this target has no resource for memory; name one in the settings, such as h_vmem"
    return beyond(wish, "Grid Engine", _RESOURCES | ({"gpus"} if settings.gpu_resource else set()))


def words(order: Order, settings: Settings) -> Iterator[str]:
    """The whole command. The folder is taken as it is, while in the path of the log commas, colons and dollars would
    mean something: so that one is relative.
    """
    yield from ("qsub", "-terse", "-b", "n", "-S", "/bin/sh", "-N", order.name)
    yield from ("-wd", str(order.folder), "-o", str(order.log.relative_to(order.folder)), "-j", "y")
    if order.tasks is not None:
        yield from ("-t", f"1-{order.tasks}")
    for option in (*settings.native, *order.resources.native):
        yield from shlex.split(option)
    yield from _needs(order.resources, settings)


def read(reply: Reply) -> str:
    """The number of the job, which is the last line: sites let qsub say more. Raises `SubmissionRejected` too."""
    if reply.exit_code == 0:
        match = _SUBMITTED.fullmatch((reply.text.split() or [""])[-1])
        if match is None:
            raise reply.unreadable("the number of the job")
        return match[1]
    why = _refusal(reply.complaint)
    if why is None:
        raise reply.unavailable()
    raise SubmissionRejected(f"Grid Engine refuses it: {why}")


def _needs(wish: Resources, settings: Settings) -> Iterator[str]:
    processors = wish.processors or 1
    if processors > 1:
        yield from ("-pe", settings.parallel_environment, str(processors))
    if wish.memory is not None:
        yield from ("-l", f"{settings.memory_resource}={math.ceil(wish.memory / processors / 1024)}K")
    if wish.time is not None:
        yield from ("-l", f"h_rt={wish.time}")
    if wish.gpus is not None:
        yield from ("-l", f"{settings.gpu_resource}={wish.gpus}")
    if queue := wish.queue or settings.queue:
        yield from ("-q", queue)
    if project := wish.project or settings.project:
        yield from ("-P", project)


def _refusal(complaint: str) -> str | None:
    """Why the job is refused; None if it is not the job's fault, or not surely so."""
    for match in _REFUSED.finditer(complaint):
        why = match["why"] or match["option"] or match["script"]
        if why and not _LATER.search(_QUOTED.sub("", why)):
            return shortened(why, 300)
    return None
