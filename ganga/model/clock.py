"""Two clocks that are never mixed: monotonic seconds say *when next*, UTC says *what happened when*."""

from datetime import UTC, datetime
from typing import NamedTuple, NewType

from ganga.errors import UsageError

#: Seconds since 1970-01-01T00:00:00Z, as POSIX counts them (no leap seconds).
Utc = NewType("Utc", float)

#: Seconds of a clock that never jumps; its zero means nothing.
Monotonic = NewType("Monotonic", float)


class Moment(NamedTuple):
    """One reading of both clocks."""

    monotonic: Monotonic
    utc: Utc


def rfc3339(at: Utc) -> str:
    """``1768000000.25`` as ``2026-01-09T23:06:40.250Z``: UTC, milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> Utc:
    """The reverse of `rfc3339`; any offset is accepted. Raises `UsageError` for other text or a missing offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time; expected something like 2026-01-09T23:06:40Z") from error
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} says no time zone; add Z for UTC")
    return Utc(moment.timestamp())
