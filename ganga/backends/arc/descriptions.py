"""The description of a job in ARC's own language, xRSL. Of a job's data only its name, numbers, and names of queues
become part of it: the program and its arguments are in files, since the element has a shell look at what is described.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ganga.model.ids import Tag, shortened
from ganga.model.resources import Resources, beyond

#: The names of the files of ours beside those of the job.
LAUNCHER: Final = "ganga.sh"
ARCHIVE: Final = "ganga.tar"
STREAMS: Final = ("stdout", "stderr")

_UNDERSTOOD: Final = ("processors", "memory", "time", "queue", "project", "native")
#: Texts of a native attribute: words, quoted text, and these in parentheses.
_TOKEN: Final = re.compile(r"""\s*([()]|"(?:[^"\0]|"")*"|'(?:[^'\0]|'')*'|[^\s()"'=<>!&|+#$^\0]+)""")
_ATTRIBUTE: Final = re.compile(r"\(?\s*([A-Za-z_]{1,64})\s*(=|!=|<=|>=|<|>)")
#: What is ours to say.
_OURS: Final = frozenset(
    {"executable", "arguments", "inputfiles", "outputfiles", "executables", "stdin", "stdout", "stderr", "join"}
    | {"jobname", "action", "clientxrsl", "dryrun"}
)


class Defaults(Struct, frozen=True):
    """What a target says of all jobs."""

    queue: str = ""
    project: str = ""
    native: tuple[str, ...] = ()


def quoted(text: str) -> str:
    """A text of xRSL: a quotation mark in it is doubled, and nothing else is special."""
    return '"' + text.replace('"', '""') + '"'


def refusal(wish: Resources) -> str | None:
    """Why a job that needs this cannot be taken; None if it can."""
    for name in (wish.queue, wish.project):
        if not name.isprintable():
            return f"{shortened(name)!r} is no name of a queue or a project"
    wrong = next((problem for option in wish.native if (problem := _problem(option)) is not None), None)
    return wrong or beyond(wish, "ARC", _UNDERSTOOD)


def described(jobs: Sequence[tuple[Tag, Mapping[str, int]]], wish: Resources, defaults: Defaults) -> bytes:
    """Jobs that need the same, each by its tag and by the sizes in bytes of the files that it will be sent."""
    texts = [f"&{''.join(_attributes(tag, files, wish, defaults))}" for tag, files in jobs]
    return (texts[0] if len(texts) == 1 else "+" + "".join(f"({text})" for text in texts)).encode()


def _attributes(tag: Tag, files: Mapping[str, int], wish: Resources, defaults: Defaults) -> Iterator[str]:
    yield f"(executable={quoted(LAUNCHER)})"
    yield f"(inputfiles={''.join(f'({quoted(name)} {quoted(str(size))})' for name, size in files.items())})"
    yield f'(outputfiles=("/" ""))(stdout={quoted(STREAMS[0])})(stderr={quoted(STREAMS[1])})(jobname={quoted(tag)})'
    for name, value in (("queue", wish.queue or defaults.queue), ("project", wish.project or defaults.project)):
        if value:
            yield f"({name}={quoted(value)})"
    yield from _amounts(wish)
    for option in (*defaults.native, *wish.native):
        yield option if option.startswith("(") else f"({option})"


def _amounts(wish: Resources) -> Iterator[str]:
    """Memory is for each processor there, in MB, and time is text with its unit."""
    if wish.processors:
        # All on one machine.
        yield f'(count="{wish.processors}")(countpernode="{wish.processors}")'
    if wish.memory:
        yield f'(memory="{-(-wish.memory // ((wish.processors or 1) << 20))}")'
    if wish.time:
        yield f'(walltime="{wish.time} seconds")'


def _problem(option: str) -> str | None:
    """What is wrong with a native attribute; None if the element can read it."""
    said = f"{shortened(option)!r} is no attribute of xRSL"
    head = _ATTRIBUTE.match(option)
    if head is None:
        return f'{said}; write one as (name="value")'
    if head[1].lower() in _OURS:
        return f"the attribute {head[1]} is ganga's own to set"
    return None if _balanced(option[head.end() :], open_at_start=option.startswith("(")) else f"{said}: it has no end"


def _balanced(text: str, *, open_at_start: bool) -> bool:
    depth, at, seen = int(open_at_start), 0, False
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None or (token[1] == ")" and not seen) or (seen and depth == 0 and open_at_start):
            return False
        depth += {"(": 1, ")": -1}.get(token[1], 0)
        at, seen = token.end(), True
        if depth < 0:
            return False
    return seen and depth == 0
