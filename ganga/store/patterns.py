"""What can be told of a shell pattern before any name is looked at."""

import re
from typing import Final

_WILDCARD = re.compile(r"[*?\[]")

_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def beginning(pattern: str) -> str:
    """The text that each name begins with that fits the pattern."""
    wildcard = _WILDCARD.search(pattern)
    return pattern if wildcard is None else pattern[: wildcard.start()]


def behind_all(begins: str) -> str | None:
    """The first text, by code points, that is behind all that begin so; None if there is none."""
    shortened = begins.rstrip(chr(_LAST))
    if not shortened:
        return None
    following = ord(shortened[-1]) + 1
    # Surrogates are not characters, and no database holds them.
    return shortened[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
