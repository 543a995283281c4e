"""What a reply over HTTP means: only one that is whole, and that a server of ours would give, is believed."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec
from msgspec import Struct

from ganga.backends.web.errors import CredentialsExpired, Refused
from ganga.errors import BackendUnavailable, Overloaded
from ganga.model.ids import shortened

#: Seconds; a server that asks to wait for longer has a wrong clock or a wrong setting.
LONGEST_WAIT = 86_400.0
#: Characters of a server's own words in an error.
LONGEST_WORDS = 300

ReplyT = TypeVar("ReplyT")


class NotSent(BackendUnavailable):
    """The request surely did not reach the server's application: made again, it is made once."""


class NotReady(NotSent, Overloaded):
    """The server says that it has too much to do."""


class Reply(Struct, frozen=True):
    """A reply that is whole; one that was judged has a status of 2xx, or one that was expected."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The words that follow the number of the status.
    reason: str = ""

    @property
    def kind(self) -> str:
        """The content type, in small letters and without parameters."""
        return self.headers.get("Content-Type", "no content type").partition(";")[0].strip().lower()

    def read(self, kind: type[ReplyT], what: str) -> ReplyT:
        """The body as this type. Raises `BackendUnavailable`; `what` names the server for its text."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BackendUnavailable(f"{what} sent an unreadable reply ({error}); asking again later") from error


def judged(reply: Reply, name: str, expected: tuple[int, ...]) -> Reply:
    """The reply, if it is what a server of ours would say and is no error; an error is raised."""
    if reply.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise not_ready(reply, name)
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        raise redirected(reply, name)
    if reply.status == HTTPStatus.NO_CONTENT and not reply.body:
        return reply
    if reply.kind != "application/json":
        raise BackendUnavailable(
            f"{name} answered {reply.status} with {shortened(reply.kind)} instead of JSON: something else, such as a"
            " login page or a proxy, seems to answer at its address"
        )
    if reply.status < HTTPStatus.MULTIPLE_CHOICES or reply.status in expected:
        return reply
    raise _refusal(reply, name)


def not_ready(reply: Reply, name: str) -> NotReady:
    """What to raise for a reply that asks to come back later."""
    wait = _wait(reply.headers)
    asked = "" if wait is None else f" and asks to wait {wait:.0f} s"
    return NotReady(f"{name} is not ready ({reply.status}){asked}; asking again later", retry_after=wait)


def redirected(reply: Reply, name: str) -> BackendUnavailable:
    """What to raise for a reply that sends us elsewhere. The query is left out: it may carry a secret."""
    place = shortened(reply.headers.get("Location", "nowhere").partition("?")[0], 120)
    return BackendUnavailable(f"{name} redirects to {place}: if that is it, give its address in the settings")


def _refusal(reply: Reply, name: str) -> Exception:
    words = _words(reply)
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return CredentialsExpired(f"{name} does not accept the token: {words}")
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return BackendUnavailable(f"{name} failed ({reply.status}: {words}); asking again later")
    if reply.status == HTTPStatus.NOT_FOUND and words == "Not Found":
        return BackendUnavailable(f"{name} does not know this service; is the address right?")
    return Refused(f"{name} refused ({reply.status}): {words}")


class _Detail(Struct):
    detail: msgspec.Raw


def _words(reply: Reply) -> str:
    """What the server said itself: text, or the JSON that it sent."""
    try:
        detail = bytes(msgspec.json.decode(reply.body, type=_Detail).detail)
        words = msgspec.json.decode(detail)
    except msgspec.DecodeError:
        return "no reason given"
    return shortened(words if isinstance(words, str) else detail.decode(errors="replace"), LONGEST_WORDS)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, by either form of ``Retry-After``: a number of them, or a date by the server's clock. None if there is
    nothing to wait for.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        wait = float(said)
    else:
        until, now = _time(said), _time(headers.get("Date", ""))
        wait = 0.0 if until is None else until - (time.time() if now is None else now)
    return min(wait, LONGEST_WAIT) if wait > 0 else None


def _time(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
