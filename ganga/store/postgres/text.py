"""Text as PostgreSQL can keep it: it has no place for NUL.

U+0001 stands before what stands for NUL (``0``) or for itself (``1``). Text without these two, which is all text that
people write, is kept as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.rows import TupleRow
from psycopg.types.string import StrDumperUnknown, TextLoader

from ganga.store.storable import encode

Connection = AsyncConnection[TupleRow]

MARK: Final = "\x01"

#: An escape of JSON for one of the two; an even number of backslashes before it stands for backslashes.
_IN_JSON: Final = re.compile(r"((?<!\\)(?:\\\\)*)\\u000([01])")


def escaped(text: str) -> str:
    """The text as it is kept."""
    return text.replace(MARK, f"{MARK}1").replace("\0", f"{MARK}0")


def unescaped(kept: str) -> str:
    """The text that is kept so."""
    return kept.replace(f"{MARK}0", "\0").replace(f"{MARK}1", MARK)


def json_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as JSON for ``json_to_recordset``, the text in them as it is kept."""
    encoded = encode(rows).decode()
    return _IN_JSON.sub(r"\1\\u0001\2", encoded) if r"\u000" in encoded else encoded


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj) if "\0" in obj or MARK in obj else obj)


class _Loader(TextLoader):
    def load(self, data: Buffer) -> bytes | str:
        text = super().load(data)
        return unescaped(text) if isinstance(text, str) and MARK in text else text


def escape_in(connection: Connection) -> None:
    """Have all text that goes over this connection escaped, and all that comes unescaped."""
    connection.adapters.register_dumper(str, _Dumper)
    connection.adapters.register_loader("text", _Loader)
