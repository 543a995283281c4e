r"""Shell patterns as regular expressions of PostgreSQL, which mean what `fnmatch.fnmatchcase` means by them.

They are for text as `text` keeps it: there, NUL and U+0001 are two characters each.
"""

from typing import Final

from ganga.store.postgres.text import MARK

#: Any one character.
_ANY: Final = r"(?:\u0001[01]|[^\u0001])"
_NONE: Final = "(?!)"
_PAIRS: Final = {"\0": "0", MARK: "1"}
#: The first code point that is kept as it is.
_PLAIN: Final = ord(MARK) + 1


def regular_expression(pattern: str) -> str:
    """The advanced regular expression for a shell pattern, of the whole text."""
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        place += 1
        end = _end_of_set(pattern, place) if character == "[" else -1
        if end >= 0:
            parts.append(_set(pattern[place:end]))
            place = end + 1
        elif character == "*":
            parts.append(f"{_ANY}*")
        else:
            parts.append(_ANY if character == "?" else _literal(character))
    return f"***:^(?:{''.join(parts)})$"


def _end_of_set(pattern: str, begin: int) -> int:
    """Where the set ends that begins here; -1 if it does not, and the bracket stands for itself."""
    first = begin + 1 if pattern[begin : begin + 1] == "!" else begin
    return pattern.find("]", first + 1 if pattern[first : first + 1] == "]" else first)


def _set(inside: str) -> str:
    negated = inside.startswith("!")
    ranges = _ranges(inside.removeprefix("!"))
    if not ranges:
        return _ANY if negated else _NONE
    inner = "".join(f"{_code(max(low, _PLAIN))}-{_code(high)}" for low, high in ranges if high >= _PLAIN)
    pairs = [
        digit for special, digit in _PAIRS.items() if any(low <= ord(special) <= high for low, high in ranges) ^ negated
    ]
    choices = [rf"\u0001{digit}" for digit in pairs]
    if negated or inner:
        choices.append(rf"[^\u0001{inner}]" if negated else f"[{inner}]")
    return f"(?:{'|'.join(choices)})"


def _ranges(inside: str) -> list[tuple[int, int]]:
    """The code points of a set from and to, as Python reads it: a range from more to less is none."""
    ranges = []
    place = 0
    while place < len(inside):
        low = high = ord(inside[place])
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            high = ord(inside[place + 2])
            place += 2
        place += 1
        if low <= high:
            ranges.append((low, high))
    return ranges


def _code(point: int) -> str:
    return f"\\U{point:08x}"


def _literal(character: str) -> str:
    return rf"\u0001{_PAIRS[character]}" if character in _PAIRS else _code(ord(character))
