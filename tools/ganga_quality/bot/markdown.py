"""Foreign text within Markdown, where it must not become markup, a mention, or the end of the block it stands in."""

import re

# What a path may hold and a reader should not be moved by: control characters, and those that turn the direction of writing.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def code(text: str) -> str:
    """One line of any text as a code span, in which nothing is markup and nobody is mentioned."""
    shown = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
    ticks = "`" * (_longest(shown) + 1)
    # The blanks are taken away again by whoever renders it; without them a backtick at the edge would join the fence.
    return f"{ticks} {shown} {ticks}" if shown.strip("` ") != shown or not shown else f"{ticks}{shown}{ticks}"


def block(text: str, language: str) -> str:
    """Lines of any text as a code block, whose fence does not occur in it."""
    fence = "`" * max(3, _longest(text) + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{fence}{language}\n{text}{end}{fence}"


def plain(text: str, limit: int = 300) -> str:
    """What somebody else's program said, on one line and without anything odd: for logs and errors."""
    shown = " ".join(_UNSEEN.sub(" ", text).split())
    return shown if len(shown) <= limit else f"{shown[:limit]}..."


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)
