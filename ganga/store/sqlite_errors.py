"""What goes wrong in SQLite, in ganga's words: the border where its exceptions are translated, in one table."""

import sqlite3

import msgspec

from ganga.errors import StoreDamaged, StoreError, StoreUnavailable

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "is locked by another process; try again, and see what else is using it",
    sqlite3.SQLITE_LOCKED: "is locked by another process; try again, and see what else is using it",
    sqlite3.SQLITE_FULL: "cannot grow, since its disk is full; free some space and try again",
    sqlite3.SQLITE_READONLY: "cannot be written; check the permissions of the file and of its folder",
    sqlite3.SQLITE_PERM: "cannot be opened; check the permissions of the file and of its folder",
    sqlite3.SQLITE_AUTH: "cannot be opened; check the permissions of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists, and the permissions of both",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check that its disk is well, not full, and within the quota",
    sqlite3.SQLITE_PROTOCOL: "is being opened by too many processes at once; try again",
    sqlite3.SQLITE_NOMEM: "cannot be used, since memory has run out; try again",
    sqlite3.SQLITE_INTERRUPT: "was interrupted; try again",
}

#: The lower byte of an extended error code is the error itself.
_PRIMARY = 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds a lock, so that trying again may help."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def translated(error: sqlite3.Error | msgspec.MsgspecError, location: str) -> StoreError:
    """The error as ganga says it, naming the file and what to try."""
    code = _code(error)
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"the store {location} {_UNAVAILABLE[code]} ({error})")
    return StoreDamaged(
        f"{location} is not a store, or it is damaged ({error}); restore it from a copy, or name another file"
    )


def _code(error: Exception) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY
