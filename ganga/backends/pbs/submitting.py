"""The words of ``qsub``, and what it answers."""

import math
import re
import shlex
from collections.abc import Iterator
from typing import Final

from ganga.backends.batch.dialect import Order
from ganga.backends.batch.shell import Reply
from ganga.backends.batch.words import strange_word
from ganga.backends.pbs import ids
from ganga.backends.pbs.settings import Settings
from ganga.errors import SubmissionRejected
from ganga.model.ids import shortened
from ganga.model.resources import Resources, beyond

#: Those that it has words for everywhere; containers are a matter of each site.
_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "native"})

#: How it says that the job itself is wrong, as the table of PBS's errors has it; all other errors may pass.
_REFUSED: Final = re.compile(
    r"^qsub: (?P<why>illegal -.*|invalid option.*|Unknown queue.*|Unknown resource.*|Undefined attribute.*|"
    r"Illegal attribute or resource value.*|Job (?:exceeds|violates) queue and/or server resource limits.*|"
    r"Array job exceeds server or queue size limit.*|Job rejected by all possible destinations.*|"
    r"Bad UID for job execution.*|Bad GID for job execution.*|Invalid Account.*|Invalid project.*)$",
    re.MULTILINE,
)


def refusal(wish: Resources, settings: Settings) -> str | None:
    """Why a job that needs this cannot be taken."""
    return strange_word(wish, "qsub") or beyond(
        wish, "PBS", _RESOURCES | ({"gpus"} if settings.gpu_resource else set())
    )


def words(order: Order, settings: Settings) -> Iterator[str]:
    """The whole command. Where the job begins is the launcher's affair: PBS has no word for it."""
    yield from ("qsub", "-S", "/bin/sh", "-N", order.name, "-o", str(order.log), "-j", "oe")
    if order.tasks is not None:
        yield from ("-J", f"0-{order.tasks - 1}")
    for option in (*settings.native, *order.resources.native):
        yield from shlex.split(option)
    yield from _needs(order.resources, settings)


def read(reply: Reply) -> str:
    """The id of the job, without the brackets of an array; it is the last line: sites let qsub say more.

    Raises `SubmissionRejected` too.
    """
    if reply.exit_code == 0:
        name = ids.parse((reply.text.split() or [""])[-1])
        if name is None or name.task is not None:
            raise reply.unreadable("the id of the job")
        return name.job
    match = _REFUSED.search(reply.complaint)
    if match is None:
        raise reply.unavailable()
    raise SubmissionRejected(f"PBS refuses it: {shortened(match['why'], 300)}")


def _needs(wish: Resources, settings: Settings) -> Iterator[str]:
    chunk = ":".join(_chunk(wish, settings))
    if chunk:
        yield from ("-l", f"select=1:{chunk}")
    if wish.time is not None:
        yield from ("-l", f"walltime={wish.time}")
    if queue := wish.queue or settings.queue:
        yield from ("-q", queue)
    if project := wish.project or settings.project:
        yield from (settings.project_option, project)


def _chunk(wish: Resources, settings: Settings) -> Iterator[str]:
    """What is to be on one machine."""
    if wish.processors is not None:
        yield f"ncpus={wish.processors}"
    if wish.memory is not None:
        yield f"mem={math.ceil(wish.memory / 1024)}kb"
    if wish.gpus is not None:
        yield f"{settings.gpu_resource}={wish.gpus}"
