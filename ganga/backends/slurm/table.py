"""Read the tables that Slurm's commands print: a line of titles that we asked for, then a line for each job."""

from collections.abc import Iterator, Sequence
from typing import Final

from ganga.backends.batch.shell import Reply

#: Between two fields. No name or reason has it in it.
SEPARATOR: Final = "\x1f"


def rows(reply: Reply, titles: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The fields of each line behind the titles; what stands before these is a banner.

    Raises `BackendProtocolError` if the titles are not there, or the line of a job is not whole. A line that does not
    begin as an id does is the rest of a name with a line break in it.
    """
    lines = iter(reply.text.split("\n"))
    head = SEPARATOR.join(titles)
    if not any(line.rstrip(SEPARATOR) == head for line in lines):
        raise reply.unreadable(f"a table with the titles {' '.join(titles)}")
    for line in lines:
        fields = line.split(SEPARATOR)
        # Some commands end each line with a separator.
        if len(fields) == len(titles) + 1 and not fields[-1]:
            fields.pop()
        if len(fields) == len(titles):
            yield tuple(fields)
        elif line[:1].isdigit():
            raise reply.unreadable(f"a table of {len(titles)} columns")
