"""What goes wrong in PostgreSQL, in ganga's words: the border where its exceptions are translated, in one table."""

import re
from typing import Final

import msgspec
import psycopg

from ganga.errors import StoreDamaged, StoreError, StoreNotTrusted, StoreUnavailable

#: Said by `schema.HOLD`: the lease is not the newest, or was given back.
LEASE_LOST: Final = "GL001"

#: Said by `ganga.not_moving`, with the passage as JSON.
MOVING: Final = "GL002"

#: By the first letters of the SQLSTATE, the longest that fits.
_UNAVAILABLE: Final = {
    "08": "cannot be reached; try again",
    "23514": "keeps no text or number as large as this; shorten it",
    "25006": "is read only just now, as a standby is; try again when it was promoted",
    "25": "has ended a transaction that took too long; try again",
    "28": "refuses this role; see ~/.pgpass, PGPASSWORD, and the access rules of the server",
    "3D": "has no such database; correct the URL, or make the database",
    "40": "was changed by others at the same time again and again; try again",
    "42501": "does not allow that to this role; an administrator admits it with `ganga rights admit ROLE`",
    "53100": "cannot grow, since its disk is full; free some space and try again",
    "53300": "has no connection left; raise max_connections of the server, or close other programs",
    "53": "lacks resources; try again",
    "54": "has come to a limit of the server; shorten a name of thousands of characters, or try again and see its log",
    "55": "is locked by another process; try again, and see what else is using it",
    "57": "is being stopped or started, or took too long; try again",
    "58": "cannot read or write its files; see the log of the server",
}

#: These pass by themselves: after the same transaction again, or over another connection.
_PASSING: Final = ("08", "25006", "25P03", "40001", "40P01", "57P01", "57P02", "57P03", "57P05")

#: In what the server says to somebody who connects, of which libpq gives no SQLSTATE.
_COMING_BACK: Final = (
    "starting up",
    "shutting down",
    "in recovery mode",
    "not yet accepting",
    "terminating connection",
    "too many clients",
)

#: In what libpq says of a server that does not show who it is, and what that means.
_NOT_TRUSTED: Final = {
    "does not match host name": "shows a certificate for another name; correct the host in the URL",
    "certificate verify failed": "shows a certificate that no authority known here has issued, or that has expired; "
    "name the file of its authority by sslrootcert in the URL",
    "server does not support SSL": "shows no certificate, since it speaks without TLS; set ssl = on there",
    "root certificate file": "cannot be judged, since the file of its authority cannot be read; correct sslrootcert in "
    "the URL",
    "host name must be specified": "cannot be judged, since a certificate is for a name; name the host in the URL",
}
#: Before what came of each attempt, where there were several: one for each address of each host.
_ATTEMPT: Final = re.compile(r"^- (host: .*?), port: ", re.MULTILINE)


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same may be tried again at once, if it is known that nothing has happened."""
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_PASSING)
    if not isinstance(error, psycopg.OperationalError):
        return False
    text = str(error)
    if _distrust(text) is not None:
        return False
    return "FATAL:" not in text or any(words in text for words in _COMING_BACK)


def translated(error: psycopg.Error | msgspec.MsgspecError, location: str) -> StoreError:
    """The error as ganga says it, naming the store and what to try."""
    said = " ".join(_said(error).split())
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    if state is not None:
        for length in (5, 2):
            if state[:length] in _UNAVAILABLE:
                return StoreUnavailable(f"the store {location} {_UNAVAILABLE[state[:length]]} ({said})")
    elif isinstance(error, psycopg.OperationalError) and (why := _distrust(str(error))) is not None:
        return StoreNotTrusted(
            f"the store {location} {why}, or say by sslmode in the URL that less is enough ({said}); "
            "nothing was told to the server"
        )
    elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnavailable(f"the store {location} cannot be reached; try again ({said})")
    return StoreDamaged(
        f"{location} is not a store, or it is damaged ({said}); restore it from a copy, or name another database"
    )


def _distrust(text: str) -> str | None:
    """Why no host of the URL is trusted; None unless each was refused at one of its addresses at least."""
    found = _ATTEMPT.split(text)
    refused: dict[str, str | None] = {}
    for host, said in zip(found[1::2] or [""], found[2::2] or found, strict=True):
        refused[host] = refused.get(host) or _refusal(said)
    return None if None in refused.values() else next(iter(refused.values()))


def _refusal(said: str) -> str | None:
    return next((why for words, why in _NOT_TRUSTED.items() if words in said), None)


def _said(error: Exception) -> str:
    """Without the details, in which there may be values."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error)
