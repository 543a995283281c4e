"""What DIRAC's services send, whatever carries it: an envelope that says whether it went well, and a value of a shape
that we expect, in JSON or in DEncode. Pure.
"""

import base64
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ganga.backends.dirac.dencode import DEncodeError, decode
from ganga.backends.dirac.road import CredentialsExpired, Refused
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import shortened

T = TypeVar("T")

#: DIRAC's numbers for errors whose cause is not in what was asked.
_UNAUTHORISED = frozenset({13, 1111})
_OUT_OF_ORDER = frozenset({1110, *range(1130, 1150)})

#: Their own words where a database is away or cannot be written, for which they have no number of its own.
_ABOUT_DATABASE = re.compile(r"MySQL|\bdatabase\b|\bDB\b|^Failed to (?:insert|update)", re.IGNORECASE)

_LONGEST_MESSAGE = 400


class WireTime(Struct, frozen=True, tag_field="__dCls", tag="dt", gc=False):
    """A point in time as DIRAC's JSON has it."""

    #: ``2026-11-22 17:01:04``, sometimes with a fraction; UTC.
    obj: str


class WireBytes(Struct, frozen=True, tag_field="__dCls", tag="b64"):
    """Bytes as DIRAC's JSON has them."""

    obj: bytes


#: A point in time in either encoding; None where there is none (yet).
Time = datetime | WireTime | None


class Envelope(Struct, Generic[T]):
    """DIRAC's way to return."""

    OK: bool
    Value: T | UnsetType = UNSET
    Message: str = ""
    Errno: int = 0
    #: Set by a receiver of a file that needs no more of it.
    AbortTransfer: bool = False
    #: Set by a server that cannot start jobs of this user before it has a proxy.
    requireProxyUpload: bool = False  # noqa: N815 - DIRAC's own name

    def opened(self, who: str) -> T:
        """The value. Raises what `refusal` makes of an error, or `BackendUnavailable` if there is no value."""
        if not self.OK:
            raise refusal(self.Errno, self.Message, who)
        if isinstance(self.Value, UnsetType):
            raise BackendUnavailable(f"{who} answered without a value; its reply is not believed")
        return self.Value


def read(kind: type[Envelope[T]], body: bytes, who: str) -> Envelope[T]:
    """The envelope in these bytes. Raises `BackendUnavailable` if they are anything else."""
    try:
        if body.startswith(b"{"):
            return _decoder(kind).decode(body)
        return msgspec.convert(decode(body), kind, strict=False)
    except (msgspec.MsgspecError, DEncodeError, UnicodeDecodeError, RecursionError) as error:
        raise BackendUnavailable(
            f"{who} sent a reply that cannot be read ({error}); nothing follows from it"
        ) from error


def write(value: object) -> bytes:
    """In JSON, which services of all versions read."""
    return json.dumps(value, default=_in_json).encode()


def refusal(number: int, message: str, who: str) -> BackendError:
    """The error to be raised for one of DIRAC's, with its own words. What follows them (the server's call stack) is
    left out.
    """
    message = " ".join(message.split())
    words = f"{who}: {shortened(message, _LONGEST_MESSAGE) or f'error {number}'}"
    if number in _UNAUTHORISED or "Unauthorized query" in message:
        advice = "is the certificate registered with this DIRAC, and is the proxy's group one of yours?"
        return CredentialsExpired(f"{words}; {advice}")
    if number in _OUT_OF_ORDER or _ABOUT_DATABASE.search(message):
        return BackendUnavailable(f"{words}; the server is out of order, asking again later")
    if "is not up in this server" in message or "Unknown method" in message:
        return BackendUnavailable(f"{words}; is the address that of the right service?")
    return Refused(words)


def utc(time: Time) -> Utc | None:
    """The point in time. Raises `BackendUnavailable` for text that is none."""
    if time is None:
        return None
    return from_text(time.obj) if isinstance(time, WireTime) else Utc(time.replace(tzinfo=UTC).timestamp())


@lru_cache(maxsize=1 << 14)
def from_text(text: str) -> Utc:
    """The point in time that DIRAC writes as text: UTC without saying so. Raises `BackendUnavailable`."""
    try:
        return Utc(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise BackendUnavailable(f"a service sent {text[:40]!r} for a time; its reply is not believed") from error


def as_text(at: Utc) -> str:
    """The reverse of `from_text`, in whole seconds, rounded down."""
    return datetime.fromtimestamp(at // 1, UTC).strftime("%Y-%m-%d %H:%M:%S")


def content(value: str | WireBytes) -> bytes:
    """The bytes of a file's part, in either encoding."""
    return value.obj if isinstance(value, WireBytes) else value.encode(errors="surrogateescape")


def arguments(values: Sequence[object]) -> bytes:
    """The arguments of a call."""
    return write(list(values))


@cache
def _decoder(kind: type[Envelope[T]]) -> "msgspec.json.Decoder[Envelope[T]]":
    # Not strict: ids come as text at times.
    return msgspec.json.Decoder(kind, strict=False)


def _in_json(value: object) -> object:
    if isinstance(value, bytes):
        return {"__dCls": "b64", "obj": base64.b64encode(value).decode()}
    raise TypeError(f"there is no form for a {type(value).__name__} in DIRAC's JSON")
