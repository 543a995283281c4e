"""Differences in both directions: GitHub's patches are read, and ours are written for people to apply. Pure."""

import re
from collections.abc import Iterator
from itertools import groupby

from ganga_quality.bot.facts import Edit
from ganga_quality.changes import Hunk, Span

_HEADER = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
#: Lines around each hunk, as git writes them.
_CONTEXT = 3
_NO_END = b"\n\\ No newline at end of file\n"


def written(patch: str) -> tuple[Span, ...]:
    """The lines of the new file that a patch of GitHub adds; an empty span where it only deletes some."""
    return tuple(span for start, body in _hunks(patch) for span in _written(start, body))


def shown(patch: str) -> tuple[Span, ...]:
    """The lines of the new file that stand in a patch of GitHub, added or not."""
    kept = ((start, sum(line[:1] in {"+", " "} for line in body)) for start, body in _hunks(patch))
    return tuple(Span(start, start + count - 1) for start, count in kept if count)


def unified(edit: Edit) -> bytes:
    """What ``git apply`` needs to turn a file into its formatted self."""
    old, new = _quoted(f"a/{edit.path}"), _quoted(f"b/{edit.path}")
    # As git does it: the tab ends a name that holds blanks.
    tab = "\t" if " " in edit.path else ""
    header = f"diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n".encode()
    return header + b"".join(_section(edit, group) for group in _groups(edit.hunks))


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


def _groups(hunks: tuple[Hunk, ...]) -> Iterator[list[Hunk]]:
    """Hunks whose contexts touch belong together."""
    group: list[Hunk] = []
    for hunk in hunks:
        if group and _first(hunk) - _behind(group[-1]) > 2 * _CONTEXT:
            yield group
            group = []
        group.append(hunk)
    if group:
        yield group


def _section(edit: Edit, group: list[Hunk]) -> bytes:
    before, after = edit.lines_before, edit.lines_after
    start = max(_first(group[0]) - _CONTEXT, 0)
    stop = min(_behind(group[-1]) + _CONTEXT, len(before))
    moved = _first_new(group[0]) - _first(group[0])
    lines: list[bytes] = []
    place = start
    for hunk in group:
        lines += [b" " + line for line in before[place : _first(hunk)]]
        lines += [b"-" + line for line in before[_first(hunk) : _behind(hunk)]]
        lines += [b"+" + line for line in after[_first_new(hunk) : _first_new(hunk) + hunk.new_count]]
        place = _behind(hunk)
    lines += [b" " + line for line in before[place:stop]]
    new_count = stop - start + sum(hunk.new_count - hunk.old_count for hunk in group)
    header = f"@@ -{_range(start, stop - start)} +{_range(start + moved, new_count)} @@\n".encode()
    return header + b"".join(line if line.endswith(b"\n") else line + _NO_END for line in lines)


def _range(start: int, count: int) -> str:
    """A range as patches tell it: an empty one stands behind its line."""
    return f"{start + 1 if count else start},{count}"


def _first(hunk: Hunk) -> int:
    """The index of the first old line that gives way, or before which something is put."""
    return hunk.old_start - 1 if hunk.old_count else hunk.old_start


def _behind(hunk: Hunk) -> int:
    return _first(hunk) + hunk.old_count


def _first_new(hunk: Hunk) -> int:
    return hunk.new_start - 1 if hunk.new_count else hunk.new_start


def _quoted(path: str) -> str:
    """A path as git quotes it in headers, where it holds anything that could be misread."""
    if path.isascii() and path.isprintable() and not set('"\\') & set(path):
        return path
    return '"' + "".join(_escaped(byte) for byte in path.encode()) + '"'


def _escaped(byte: int) -> str:
    if chr(byte) in '"\\':
        return f"\\{chr(byte)}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"  # noqa: PLR2004 - what can be printed of ASCII
