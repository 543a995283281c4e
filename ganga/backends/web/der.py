"""Reading DER, the form of certificates, as far as credentials need it. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ganga.model.clock import Utc

INTEGER, OCTETS, OBJECT_ID, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x17, 0x18, 0x30, 0x31

_CONSTRUCTED = 0x20


class DerError(ValueError):
    """These bytes are no DER, or not of the expected kind."""


class Element(NamedTuple):
    """One value: its tag byte and its content."""

    tag: int
    content: bytes

    def parts(self) -> list["Element"]:
        """What a composite value consists of. Raises `DerError`."""
        if not self.tag & _CONSTRUCTED:
            raise DerError(f"DER: a composite value was expected, found the tag {self.tag:#04x}")
        return elements(self.content)

    def object_id(self) -> str:
        """``1.2.840.113549`` and the like. Raises `DerError`."""
        if self.tag != OBJECT_ID or not self.content or self.content[-1] & 0x80:
            raise DerError(f"DER: an object identifier was expected, found the tag {self.tag:#04x}")
        arcs = list(_arcs(self.content))
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    def text(self) -> str:
        """A string of any of the many kinds."""
        return self.content.decode(errors="replace")

    def time(self) -> Utc:
        """A point in time. Raises `DerError`."""
        if self.tag not in {UTC_TIME, GENERALIZED_TIME}:
            raise DerError(f"DER: a time was expected, found the tag {self.tag:#04x}")
        digits = self.text()
        if self.tag == UTC_TIME:
            digits = ("19" if digits >= "50" else "20") + digits
        try:
            return Utc(datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())
        except ValueError as error:
            raise DerError(f"DER: {digits!r} is no time") from error


def elements(data: bytes) -> list[Element]:
    """The values that these bytes are, one after the other. Raises `DerError`."""
    found = []
    at = 0
    while at < len(data):
        element, at = _element(data, at)
        found.append(element)
    return found


def only(data: bytes) -> Element:
    """The one value that these bytes are. Raises `DerError`."""
    found = elements(data)
    if len(found) != 1:
        raise DerError(f"DER: one value was expected, found {len(found)}")
    return found[0]


def _element(data: bytes, at: int) -> tuple[Element, int]:
    head = data[at : at + 2]
    if len(head) < 2:  # noqa: PLR2004 - a tag and a length
        raise DerError("DER: the data end within a head")
    tag, length, start = head[0], head[1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise DerError(f"DER: the value at byte {at} ends at byte {start + length}, the data at byte {len(data)}")
    return Element(tag, data[start : start + length]), start + length


def _arcs(content: bytes) -> Iterator[int]:
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            yield value
            value = 0
