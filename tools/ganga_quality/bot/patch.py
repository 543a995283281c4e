"""GitHub's patches: which lines they write, and which they show. Pure."""

import re
from collections.abc import Iterator
from itertools import groupby

from ganga_quality.changes import Span

_HEADER = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


def written(patch: str) -> tuple[Span, ...]:
    """The lines of the new file that a patch of GitHub adds; an empty span where it only deletes some."""
    return tuple(span for start, body in _hunks(patch) for span in _written(start, body))


def shown(patch: str) -> tuple[Span, ...]:
    """The lines of the new file that stand in a patch of GitHub, added or not."""
    kept = ((start, sum(line[:1] in {"+", " "} for line in body)) for start, body in _hunks(patch))
    return tuple(Span(start, start + count - 1) for start, count in kept if count)


def _hunks(patch: str) -> list[tuple[int, list[str]]]:
    """Each hunk's first line in the new file, and its body."""
    hunks: list[tuple[int, list[str]]] = []
    for line in patch.split("\n"):
        if header := _HEADER.match(line):
            # With no line of its own a hunk names the line before it.
            hunks.append((int(header[1]) + (header[2] == "0"), []))
        elif hunks:
            hunks[-1][1].append(line)
    return hunks


def _written(start: int, body: list[str]) -> Iterator[Span]:
    place = start
    for changed, lines in groupby(body, key=lambda line: line.startswith(("+", "-"))):
        count = sum(line[:1] in {"+", " "} for line in lines)
        if changed:
            yield Span(place, place + count - 1)
        place += count
