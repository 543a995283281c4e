"""The words of ``qdel``, and what it answers: the same in all kinds of PBS."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.words import parts
from ganga.model.ids import NativeId

#: In front of every command: words in English.
PLAIN: Final = ("env", "LC_ALL=C")

#: What it says of jobs that need no end.
_HARMLESS: Final = re.compile(r"^qdel: (?:Unknown Job Id|Job has finished|Request invalid for state of job)\b")


def commands(ids: Collection[NativeId]) -> Sequence[Command]:
    """As many jobs in a command as its line takes."""
    return [Command((*PLAIN, "qdel", *part)) for part in parts(dict.fromkeys(ids))]


def check(reply: Reply) -> None:
    """Raises `BackendUnavailable` unless all that it complains of are jobs that are gone."""
    if reply.exit_code == 0:
        return
    lines = [line for line in reply.complaint.splitlines() if line.startswith("qdel: ")]
    if not lines or not all(map(_HARMLESS.match, lines)):
        raise reply.unavailable()
