"""Formatting as suggestions of a review, taken by a click, where all of it can be said that way. Pure."""

import re
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from ganga_quality.bot.facts import Edit
from ganga_quality.changes import Hunk, Span
from ganga_quality.report.escaping import fenced

#: More than this many are no help to a reader, and GitHub has been seen to fail with more.
MOST = 30
# What does not survive the way through Markdown, a browser and a clipboard.
_FRAGILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class Suggestion(Struct, frozen=True, kw_only=True):
    """Lines ``first`` to ``last`` of a file at the head, both included, and what should stand there instead."""

    path: str
    first: int
    last: int
    body: str


def suggestions(edits: Sequence[Edit]) -> tuple[Suggestion, ...] | None:
    """All edits as suggestions; None if one cannot be said so, as outside the diff, or if there are too many."""
    if sum(len(edit.hunks) for edit in edits) > MOST:
        return None
    found: list[Suggestion] = []
    for edit in edits:
        of_file = [_suggestion(edit, hunk) for hunk in edit.hunks]
        kept = [suggestion for suggestion in of_file if suggestion is not None]
        if len(kept) < len(of_file) or any(one.last >= other.first for one, other in pairwise(kept)):
            return None
        found += kept
    return tuple(found)


def pasted(text: bytes) -> str | None:
    """Text that a reader can copy from a page without loss; None if it is not such."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return None
    return None if _FRAGILE.search(decoded) else decoded


def _suggestion(edit: Edit, hunk: Hunk) -> Suggestion | None:
    new = edit.lines_after[hunk.new_start - 1 :][: hunk.new_count] if hunk.new_count else []
    if hunk.old_count:
        place, lines = Span(hunk.old_start, hunk.old_start + hunk.old_count - 1), new
    else:
        place, lines = _beside(edit, hunk.old_start, new)
    old = edit.lines_before[place.first - 1 : place.last]
    text = pasted(b"".join(lines))
    # Whether a file ends with a line's end cannot be said in a suggestion.
    whole = all(line.endswith(b"\n") for line in (*old, *lines))
    if (
        text is None
        or not whole
        or not any(span.first <= place.first and place.last <= span.last for span in edit.shown)
    ):
        return None
    return Suggestion(path=edit.path, first=place.first, last=place.last, body=fenced(text, "suggestion"))


def _beside(edit: Edit, line: int, new: list[bytes]) -> tuple[Span, list[bytes]]:
    """An insertion behind a line, as a replacement of that line, or of the next where the diff does not show it."""
    if any(span.first <= line <= span.last for span in edit.shown):
        return Span(line, line), edit.lines_before[line - 1 : line] + new
    return Span(line + 1, line + 1), new + edit.lines_before[line : line + 1]
