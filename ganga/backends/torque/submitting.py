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
from ganga.backends.torque.settings import Settings
from ganga.errors import SubmissionRejected
from ganga.model.ids import shortened
from ganga.model.resources import Resources, beyond

#: Containers are a matter of each site.
_RESOURCES: Final = frozenset({"processors", "memory", "time", "queue", "project", "gpus", "native"})

#: How it says that the job itself is wrong, as the table of Torque's errors has it; all other errors may pass.
_REFUSED: Final = re.compile(
    r"^qsub: (?:submit error \()?(?P<why>illegal -.*|invalid option.*|Unknown queue.*|Unknown resource.*|"
    r"Undefined attribute.*|Illegal attribute or resource value.*|Job exceeds queue resource limits.*|"
    r"Bad UID for job execution.*|Bad GID for job execution.*|Invalid Account.*)$",
    re.MULTILINE,
)


def refusal(wish: Resources) -> str | None:
    """Why a job that needs this cannot be taken."""
    return strange_word(wish, "qsub") or beyond(wish, "Torque", _RESOURCES)


def words(order: Order, settings: Settings) -> Iterator[str]:
    """The whole command. Where the job begins is the launcher's affair."""
    yield from ("qsub", "-S", "/bin/sh", "-N", order.name, "-o", str(order.log), "-j", "oe")
    if order.tasks is not None:
        yield from ("-t", f"0-{order.tasks - 1}")
    yield from natives(order.resources, settings)
    yield from needs(order.resources, settings)


def natives(wish: Resources, settings: Settings) -> Iterator[str]:
    """The words of the native options."""
    for option in (*settings.native, *wish.native):
        yield from shlex.split(option)


def needs(wish: Resources, settings: Settings) -> Iterator[str]:
    """The words for what a job needs."""
    resources = ",".join(resource_list(wish))
    if resources:
        yield from ("-l", resources)
    if queue := wish.queue or settings.queue:
        yield from ("-q", queue)
    if project := wish.project or settings.project:
        yield from ("-A", project)


def resource_list(wish: Resources) -> Iterator[str]:
    """Whatever is asked of one machine; memory in whole MiB, since Slurm's wrapper takes no fractions."""
    if wish.processors is not None or wish.gpus is not None:
        processors = "" if wish.processors is None else f":ppn={wish.processors}"
        yield f"nodes=1{processors}" + ("" if wish.gpus is None else f":gpus={wish.gpus}")
    if wish.memory is not None:
        yield f"mem={math.ceil(wish.memory / 2**20)}mb"
    if wish.time is not None:
        yield f"walltime={wish.time}"


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
    raise SubmissionRejected(f"Torque refuses it: {shortened(match['why'], 300)}")
