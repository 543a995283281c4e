"""How batch systems write amounts of memory and of time: ``4.703MB``, ``3456kb``, ``12K``; ``0.2s``, ``1-02:03:04``."""

import re
from typing import Final

#: Each is so many times the one before it.
_STEP: Final = 1024
_UNITS: Final = "KMGTPE"
_SIZE: Final = re.compile(rf"([0-9]{{1,18}}(?:\.[0-9]{{1,9}})?)([{_UNITS}]?)B?", re.IGNORECASE)
_SECONDS: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)s?")
_CLOCK: Final = re.compile(r"(?:(?:([0-9]{1,6})-)?([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{1,2}(?:\.[0-9]{1,9})?)")


def size(text: str) -> int | None:
    """In bytes; None for other text, and for nothing at all, which nobody has measured."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    power = _UNITS.index(match[2].upper()) + 1 if match[2] else 0
    return int(float(match[1]) * _STEP**power) or None


def duration(text: str) -> float | None:
    """In seconds; None for other text."""
    plain = _SECONDS.fullmatch(text.strip())
    if plain is not None:
        return float(plain[1])
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes = (int(part or 0) for part in match.group(1, 2, 3))
    return ((days * 24 + hours) * 60 + minutes) * 60 + float(match[4])
