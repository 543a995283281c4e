"""DEncode, in which DIRAC's older services answer: bencode with more types. Pure.

=====================  ============================================================================================
``i-12e`` ``I-12e``    an integer
``f1.5e`` ``f1e-05e``  a number with a fraction, as Python writes it
``s3:abc`` ``u3:abc``  text; the number counts bytes, and bytes that are no UTF-8 become surrogates
``b0`` ``b1`` ``n``    false, true, None
``l...e`` ``t...e``    a list, a tuple
``d...e``              a dictionary: key, value, key, value
``zat...e``            a time without a zone: the tuple of year, month, day, hour, minute, second, microsecond, None
``zdt...e``            a date: the tuple of year, month, day
``ztt...e``            a time of the day: the tuple of hour, minute, second, microsecond, None
=====================  ============================================================================================
"""

import re
from collections.abc import Callable, Hashable
from datetime import date, datetime, time
from typing import TypeAlias, TypeGuard

#: Deeper nesting than any reply has; a hostile one must not exhaust the stack.
DEEPEST = 64

_Step: TypeAlias = "Callable[[bytes, int, int], tuple[object, int]]"

_INTEGER = re.compile(rb"[iI]([+-]?\d{1,4000})e")
_FLOAT = re.compile(rb"f([^e]{1,400}(?:e[+-]\d{1,10})?)e")
_LENGTH = re.compile(rb"[su](\d{1,12}):")
_TIME = re.compile(rb"z[adt]t")


class DEncodeError(ValueError):
    """These bytes are no DEncode, or this value has none; the text says what is wrong and where."""


def decode(data: bytes) -> object:
    """The one value that these bytes are. Raises `DEncodeError`."""
    value, end = _value(data, 0, 0)
    if end != len(data):
        raise DEncodeError(f"DEncode: {len(data) - end} bytes follow the value that ends at byte {end}")
    return value


def encode(value: object) -> bytes:
    """The bytes for this value. Raises `DEncodeError` for a value of a type that DEncode does not know."""
    parts: list[bytes] = []
    _write(value, parts, 0)
    return b"".join(parts)


def _value(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth > DEEPEST:
        raise DEncodeError(f"DEncode: more than {DEEPEST} levels at byte {at}")
    read = _READERS.get(data[at : at + 1])
    if read is None:
        raise _unreadable(data, at, "a value")
    return read(data, at, depth)


def _unreadable(data: bytes, at: int, expected: str) -> DEncodeError:
    found = "the end" if at >= len(data) else repr(data[at : at + 12])
    return DEncodeError(f"DEncode: expected {expected} at byte {at} of {len(data)}, found {found}")


def _integer(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    match = _INTEGER.match(data, at)
    if match is None:
        raise _unreadable(data, at, "an integer")
    return int(match[1]), match.end()


def _float(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    match = _FLOAT.match(data, at)
    number = _as_float(match[1]) if match else None
    if match is None or number is None:
        raise _unreadable(data, at, "a number")
    return number, match.end()


def _as_float(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    match = _LENGTH.match(data, at)
    if match is None:
        raise _unreadable(data, at, "text")
    end = match.end() + int(match[1])
    if end > len(data):
        raise DEncodeError(f"DEncode: the text at byte {at} ends at byte {end}, the data at byte {len(data)}")
    return data[match.end() : end].decode(errors="surrogateescape"), end


def _boolean(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    digit = data[at + 1 : at + 2]
    if digit not in {b"0", b"1"}:
        raise _unreadable(data, at, "b0 or b1")
    return digit == b"1", at + 2


def _none(_data: bytes, at: int, _depth: int) -> tuple[object, int]:
    return None, at + 1


def _list(data: bytes, at: int, depth: int) -> tuple[list[object], int]:
    values: list[object] = []
    at += 1
    while data[at : at + 1] != b"e":
        value, at = _value(data, at, depth + 1)
        values.append(value)
    return values, at + 1


def _tuple(data: bytes, at: int, depth: int) -> tuple[tuple[object, ...], int]:
    values, end = _list(data, at, depth)
    return tuple(values), end


def _dictionary(data: bytes, at: int, depth: int) -> tuple[object, int]:
    start = at
    result: dict[Hashable, object] = {}
    at += 1
    while data[at : at + 1] != b"e":
        key, at = _value(data, at, depth + 1)
        value, at = _value(data, at, depth + 1)
        if not _can_be_key(key):
            raise DEncodeError(f"DEncode: the dictionary at byte {start} has a key that cannot be one")
        result[key] = value
    return result, at + 1


def _can_be_key(value: object) -> TypeGuard[Hashable]:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _moment(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if _TIME.match(data, at) is None:
        raise _unreadable(data, at, "a date or time")
    fields, end = _tuple(data, at + 2, depth + 1)
    kind = _MOMENTS[data[at + 1 : at + 2]]
    try:
        return kind(*fields), end
    except (TypeError, ValueError, OverflowError) as error:
        raise DEncodeError(f"DEncode: no date or time at byte {at}: {error}") from error


_MOMENTS: dict[bytes, Callable[..., object]] = {b"a": datetime, b"d": date, b"t": time}

_READERS: dict[bytes, _Step] = {
    b"i": _integer,
    b"I": _integer,
    b"f": _float,
    b"s": _text,
    b"u": _text,
    b"b": _boolean,
    b"n": _none,
    b"l": _list,
    b"t": _tuple,
    b"d": _dictionary,
    b"z": _moment,
}


def _write(value: object, parts: list[bytes], depth: int) -> None:
    if depth > DEEPEST:
        raise DEncodeError(f"DEncode: more than {DEEPEST} levels")
    match value:
        case None:
            parts.append(b"n")
        case bool():
            parts.append(b"b%d" % value)
        case int():
            parts.append(b"i%de" % value)
        case float():
            parts.append(f"f{value!r}e".encode())
        case str():
            _write_text(value.encode(errors="surrogateescape"), parts)
        case bytes():
            _write_text(value, parts)
        case _:
            _write_composite(value, parts, depth)


def _write_text(text: bytes, parts: list[bytes]) -> None:
    parts.append(b"s%d:%b" % (len(text), text))


def _write_composite(value: object, parts: list[bytes], depth: int) -> None:
    match value:
        case list():
            _write_all(b"l", value, parts, depth)
        case tuple():
            _write_all(b"t", value, parts, depth)
        case dict():
            _write_all(b"d", [part for pair in value.items() for part in pair], parts, depth)
        case datetime():
            clock = (value.hour, value.minute, value.second, value.microsecond, None)
            _write_all(b"zat", (value.year, value.month, value.day, *clock), parts, depth)
        case date():
            _write_all(b"zdt", (value.year, value.month, value.day), parts, depth)
        case time():
            _write_all(b"ztt", (value.hour, value.minute, value.second, value.microsecond, None), parts, depth)
        case _:
            raise DEncodeError(f"DEncode has no form for a value of the type {type(value).__name__}")


def _write_all(start: bytes, values: list[object] | tuple[object, ...], parts: list[bytes], depth: int) -> None:
    parts.append(start)
    for value in values:
        _write(value, parts, depth + 1)
    parts.append(b"e")
