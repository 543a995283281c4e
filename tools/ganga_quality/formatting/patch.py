"""Where two contents of a file differ, and how git shows that: bytes in, bytes out, whatever the encoding. Pure."""

import os
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ganga_quality.changes import Hunk

#: Lines around each hunk, as git shows them.
_CONTEXT = 3
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_NO_END = b"\n\\ No newline at end of file\n"


def differences(before: bytes, after: bytes) -> tuple[Hunk, ...]:
    r"""Where two contents differ, in lines that end at ``\n``; short rather than the shortest."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    # Blank lines are like each other everywhere: they say nothing about what belongs together.
    matcher = SequenceMatcher(lambda line: not line.strip(), old[head : len(old) - tail], new[head : len(new) - tail])
    return tuple(
        _hunk(head + i1, i2 - i1, head + j1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"
    )


def patch(path: str, before: bytes, after: bytes, hunks: Sequence[Hunk] | None = None) -> bytes:
    """What ``git apply`` needs to make the one of the other; nothing if they are equal.

    ``hunks`` are where they differ, for who knows that already.
    """
    hunks = differences(before, after) if hunks is None else hunks
    if not hunks:
        return b""
    old, new = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    # As git does it: the tab ends a name that holds blanks.
    tab = b"\t" if " " in path else b""
    header = b"diff --git %b %b\n--- %b%b\n+++ %b%b\n" % (old, new, old, tab, new, tab)
    lines = _LINE.findall(before), _LINE.findall(after)
    return header + b"".join(_section(*lines, group) for group in _groups(hunks))


def _groups(hunks: Sequence[Hunk]) -> Iterator[list[Hunk]]:
    """Hunks whose surroundings meet, together."""
    group: list[Hunk] = []
    for hunk in hunks:
        if group and _old(hunk).start - _old(group[-1]).stop > 2 * _CONTEXT:
            yield group
            group = []
        group.append(hunk)
    yield group


def _section(before: Sequence[bytes], after: Sequence[bytes], group: Sequence[Hunk]) -> bytes:
    start = max(_old(group[0]).start - _CONTEXT, 0)
    stop = min(_old(group[-1]).stop + _CONTEXT, len(before))
    lines: list[bytes] = []
    place = start
    for hunk in group:
        old, new = _old(hunk), _new(hunk)
        lines += [b" " + line for line in before[place : old.start]]
        lines += [b"-" + line for line in before[old.start : old.stop]]
        lines += [b"+" + line for line in after[new.start : new.stop]]
        place = old.stop
    lines += [b" " + line for line in before[place:stop]]
    moved = _new(group[0]).start - _old(group[0]).start
    new_count = stop - start + sum(hunk.new_count - hunk.old_count for hunk in group)
    header = f"@@ -{_range(start, stop - start)} +{_range(start + moved, new_count)} @@\n".encode()
    return header + b"".join(line if line.endswith(b"\n") else line + _NO_END for line in lines)


def _old(hunk: Hunk) -> range:
    start = hunk.old_start - (hunk.old_count > 0)
    return range(start, start + hunk.old_count)


def _new(hunk: Hunk) -> range:
    start = hunk.new_start - (hunk.new_count > 0)
    return range(start, start + hunk.new_count)


def _range(start: int, count: int) -> str:
    """As patches tell it: from 1, and an empty range by the line before it."""
    return f"{start + 1 if count else start},{count}"


def _quoted(path: str) -> bytes:
    """A path as git quotes it where it holds anything that could be misread."""
    name = os.fsencode(path)
    escaped = b"".join(_escaped(byte) for byte in name)
    return name if escaped == name else b'"' + escaped + b'"'


def _escaped(byte: int) -> bytes:
    character = chr(byte)
    if character in '"\\':
        return b"\\" + character.encode()
    return character.encode() if " " <= character <= "~" else b"\\%03o" % byte


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many lines at the beginning are equal."""
    shorter = min(len(one), len(other))
    return next((number for number in range(shorter) if one[number] != other[number]), shorter)


def _hunk(old: int, old_count: int, new: int, new_count: int) -> Hunk:
    """Lines counted from 0 as git writes them: from 1, and the line before for what is empty."""
    return Hunk(old + (old_count > 0), old_count, new + (new_count > 0), new_count)
