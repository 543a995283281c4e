"""Credential caches, written as MIT Kerberos documents the format."""

import struct
from typing import NamedTuple

REALM = "EXAMPLE.ORG"
#: The key in each of them.
KEY = b"most secret"
#: 2026-11-23T00:06:34Z, and a day later.
END = 1795392394
RENEWABLE_UNTIL = END + 86_400


class Entry(NamedTuple):
    service: str = f"krbtgt/{REALM}"
    realm: str = REALM
    end: int = END
    renewable_until: int = 0


#: MIT's library keeps its own settings among the tickets.
SETTING = Entry(f"krb5_ccache_conf_data/fast_avail/krbtgt\\/{REALM}", "X-CACHECONF:", 0)


def cache(*entries: Entry, owner: str = "ada", realm: str = REALM, header: bytes = bytes(12)) -> bytes:
    client = _principal(owner, realm)
    start = struct.pack(">HH", 0x0504, len(header)) + header + client
    return start + b"".join(client + _entry(entry) for entry in entries)


def _entry(entry: Entry) -> bytes:
    times = struct.pack(">4I", 1, 2, entry.end, entry.renewable_until)
    addresses = struct.pack(">IH", 1, 2) + _data(bytes(4))
    return b"".join(
        (
            _principal(entry.service, entry.realm),
            struct.pack(">H", 18) + _data(KEY),
            times + bytes(5) + addresses + struct.pack(">I", 0),
            _data(b"the ticket") + _data(b""),
        )
    )


def _principal(name: str, realm: str) -> bytes:
    parts = name.split("/")
    return struct.pack(">II", 1, len(parts)) + b"".join(_data(part.encode()) for part in (realm, *parts))


def _data(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
