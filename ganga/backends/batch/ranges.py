"""Lists of numbers as several batch systems write them: ``1-6:2,9``."""

import re
from typing import Final

_NUMBER: Final = "[1-9][0-9]{0,9}"
_RANGE: Final = re.compile(rf"({_NUMBER})(?:-({_NUMBER})(?::({_NUMBER}))?)?")


def numbers(text: str, most: int) -> list[int] | None:
    """What the list means; None for text that is none, or that means more than so many numbers."""
    ranges = [_range(part) for part in text.split(",")]
    known = [meant for meant in ranges if meant]
    if len(known) < len(ranges) or sum(map(len, known)) > most:
        return None
    return [number for meant in known for number in meant]


def _range(text: str) -> range | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    return range(int(match[1]), int(match[2] or match[1]) + 1, int(match[3] or 1))
