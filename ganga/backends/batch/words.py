"""Small things that the words of several batch systems have in common."""

import shlex
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from ganga.model.ids import shortened
from ganga.model.resources import Resources

#: Words in one command.
_AT_ONCE: Final = 1000


def parts(words: Collection[str]) -> Iterator[list[str]]:
    """The words in lists that a command line takes."""
    rest = iter(words)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def strange_word(wish: Resources, program: str) -> str | None:
    """Why a job cannot be taken whose native options, queue or project this program would read as something else."""
    strange = next((option for option in wish.native if not _is_option(option)), None)
    if strange is not None:
        return f"{shortened(strange)!r} is no option of {program}; write one with its value, such as '-l scratch=1'"
    strange = next((word for word in (wish.queue, wish.project) if word.startswith("-")), None)
    return None if strange is None else f"{shortened(strange)!r} is no name of a queue or a project"


def _is_option(text: str) -> bool:
    try:
        return shlex.split(text)[0].startswith("-")
    except (ValueError, IndexError):
        return False
