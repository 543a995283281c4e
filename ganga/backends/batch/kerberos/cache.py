"""Read a file of Kerberos tickets (a credential cache of version 4), as MIT Kerberos and Heimdal write it.

The format is documented by MIT Kerberos (``formats/ccache_file_format``). Keys are passed over, and kept nowhere. Pure.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from ganga.backends.batch.kerberos.tickets import TicketError, Tickets, granting
from ganga.model.clock import Utc

#: The first two bytes of a file of this version.
_MAGIC: Final = 0x0504
#: No principal has more parts.
_PARTS: Final = 64
#: Authentication, begin, end, limit of renewal: seconds since 1970.
_TIMES: Final = struct.Struct(">4I")
#: Whether a second ticket belongs to it; flags.
_FLAGS_SIZE: Final = 1 + 4


class _Entry(NamedTuple):
    """One ticket. Settings of the library are entries too, for services of a realm that is none."""

    service: str
    end: int
    renewable_until: int


def read_cache(content: bytes) -> Tickets:
    """What the content of a file says. Raises `TicketError`."""
    reader = _Reader(content)
    if reader.number(2) != _MAGIC:
        raise TicketError("it does not begin as credential caches of version 4 do")
    reader.take(reader.number(2))
    principal = reader.principal()
    entries = [entry for entry in reader.entries() if entry.service == granting(principal)]
    if not entries:
        return Tickets(principal, None)
    newest = max(entries, key=lambda entry: entry.end)
    renewable = newest.renewable_until > newest.end
    return Tickets(principal, Utc(float(newest.end)), Utc(float(newest.renewable_until)) if renewable else None)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def entries(self) -> Iterator[_Entry]:
        """All that follow."""
        while self._at < len(self._content):
            yield self._entry()

    def take(self, size: int) -> bytes:
        """The next bytes."""
        taken = self._content[self._at : self._at + size]
        if len(taken) != size:
            raise TicketError("it ends in the middle of an entry")
        self._at += size
        return taken

    def number(self, size: int) -> int:
        """The next number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def principal(self) -> str:
        """``ada/admin@EXAMPLE.ORG``."""
        self.number(4)
        count = self.number(4)
        if count > _PARTS:
            raise TicketError(f"it has a principal of {count} parts, and no principal has that many")
        realm = self._text()
        return f"{'/'.join(self._text() for _ in range(count))}@{realm}"

    def _entry(self) -> _Entry:
        self.principal()
        service = self.principal()
        self._pass_key()
        _, _, end, renewable_until = _TIMES.unpack(self.take(_TIMES.size))
        self.take(_FLAGS_SIZE)
        self._pass_list()
        self._pass_list()
        self._pass_data()
        self._pass_data()
        return _Entry(service, end, renewable_until)

    def _text(self) -> str:
        return self.take(self.number(4)).decode("utf-8", "replace")

    def _pass_key(self) -> None:
        self.number(2)
        self._pass_data()

    def _pass_list(self) -> None:
        """Addresses, or data for authorisation: each with a type."""
        for _ in range(self.number(4)):
            self.number(2)
            self._pass_data()

    def _pass_data(self) -> None:
        self.take(self.number(4))
