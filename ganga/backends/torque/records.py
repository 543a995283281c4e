"""The text of ``qstat -f``: for each job a line with its id, one for each attribute, and an empty line.

What is long goes on in further lines. An attribute may hold any text of the user's, with line breaks as they are: what
such text pretends to be is found out only if it is told twice, and is then not believed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_HEAD: Final = re.compile(r"Job Id:[ \t]+(\S+)[ \t]*")
_ATTRIBUTE: Final = re.compile(r"([ \t]+)([A-Za-z][\w.]*) = (.*)")


class Record(NamedTuple):
    """What is told of one job."""

    id: str
    #: What is told twice is empty.
    attributes: Mapping[str, str]


def records(text: str) -> Iterator[Record]:
    """What is told of each job; other lines before and between are read over. Raises ValueError where the text is cut
    within a job.
    """
    # What stands behind the last line break is nothing, or is cut.
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        head = _HEAD.fullmatch(line)
        if head is not None:
            yield Record(head[1], _attributes(lines))


def _attributes(lines: Iterator[str]) -> Mapping[str, str]:
    """Those up to the next empty line. All are indented in the same way, and longer values go on in another one."""
    told: dict[str, str] = {}
    twice: set[str] = set()
    indent = name = ""
    for line in lines:
        if not line:
            return {**told, **dict.fromkeys(twice, "")}
        match = _ATTRIBUTE.fullmatch(line)
        if match is not None and match[1] == (indent or match[1]):
            indent, name = match[1], match[2]
            twice.update({name} & told.keys())
            told[name] = match[3]
        elif name:
            told[name] += line.removeprefix("\t")
    raise ValueError("the text ends within a job")
