"""The calls of A-REX's REST interface, each whole or an error. A verdict on a single job is the caller's to read."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

import msgspec

from ganga.backends.arc.replies import Entry, by_id, entries, is_id, listing, versions
from ganga.backends.web.errors import CredentialsExpired, Refused
from ganga.backends.web.http import Http
from ganga.backends.web.replies import NotSent, Reply, not_ready, redirected
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import shortened

#: Versions of the interface that are spoken here, the best first.
_VERSIONS: Final = ("1.1", "1.0")
#: Jobs in one question; the element reads a mebibyte of them at most.
CHUNK: Final = 1000

_ASKED_FOR: Final = {"Accept": "application/json"}
_FILE: Final = "application/octet-stream"
_BAD_DESCRIPTION: Final = "nordugrid:xrsl"


class Connections(Protocol):
    """What leads to servers; see `Presenting`."""

    async def to(self, url: str) -> Http:
        """Connections to the host of this address."""
        ...

    async def complaint(self, url: str) -> CredentialsExpired | None:
        """Why this host hangs up on us; None if it does not say."""
        ...

    async def close(self) -> None:
        """Close all of them."""
        ...


class Service:
    """One computing element. Each call raises `BackendUnavailable`, `CredentialsExpired` or `BackendProtocolError`."""

    def __init__(self, url: str, connections: Connections) -> None:
        self._root = f"{url}/rest"
        self._connections = connections
        self._version = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._root}>"

    async def open(self) -> None:
        """Agree on a version of the interface."""
        offered = versions((await self._get(self._root)).body)
        known = [version for version in _VERSIONS if version in offered]
        if not known:
            found = shortened(", ".join(offered)) or "none"
            raise BackendUnavailable(
                f"{self._root} offers the versions {found}; one of {', '.join(_VERSIONS)} is needed"
            )
        self._version = known[0]

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def create(self, descriptions: bytes) -> Sequence[Entry]:
        """Submit these, once: a verdict on each, in their order. Raises `Refused` for what is no description."""
        url, headers = self._jobs("?action=new"), {**_ASKED_FOR, "Content-Type": "application/rsl"}
        reply = await self._ask(lambda server: server.write("POST", url, content=descriptions, headers=headers))
        return entries(_in_json(reply).body)

    async def listed(self, states: Iterable[str]) -> Mapping[str, str]:
        """The jobs of ours that are in these states now, each with its state."""
        reply = _in_json(await self._get(self._jobs(f"?state={','.join(states)}")))
        return {name: entry.state for name, entry in by_id(reply.body).items()}

    async def told(self, action: str, ids: Collection[str]) -> Mapping[str, Entry]:
        """What is said of each of these when its ``status`` or ``info`` is asked for."""
        return {name: entry async for part in self._each(action, ids, change=False) for name, entry in part.items()}

    async def order(self, action: str, ids: Collection[str]) -> Mapping[str, Entry]:
        """The verdicts on a ``kill`` or a ``clean`` of each of these; said twice, it is done once."""
        return {name: entry async for part in self._each(action, ids, change=True) for name, entry in part.items()}

    async def diagnosed(self, job: str, what: str) -> str | None:
        """One of the element's own files about a job; None if there is none, or no such job."""
        reply = await self._get(self._jobs(f"/{job}/diagnose/{what}"), expected=(HTTPStatus.NOT_FOUND,))
        return None if reply.status == HTTPStatus.NOT_FOUND else reply.body.decode(errors="replace")

    async def scan(self, job: str, folder: str) -> tuple[Sequence[str], Sequence[str]] | None:
        """The files and folders in a folder of a job; None if there is no such folder, or no such job."""
        reply = await self._get(self._session(job, folder), expected=(HTTPStatus.NOT_FOUND,))
        return None if reply.status == HTTPStatus.NOT_FOUND else listing(_in_json(reply).body)

    async def upload(self, job: str, name: str, content: bytes | Path) -> None:
        """Send a file of a job. Raises `OSError` too."""
        await self._ask(lambda server: server.upload(self._session(job, name), content))

    async def download(self, job: str, name: str, into: Path, at_most: int) -> bool:
        """Bring a file of a job, whole or not at all; returns whether there is such a file. Raises `Refused` if it has
        more bytes, or `OSError`.
        """
        url, none = self._session(job, name), (HTTPStatus.NOT_FOUND,)
        reply = await self._ask(lambda server: server.save(url, kind=_FILE, into=into, at_most=at_most, expected=none))
        if reply.status == HTTPStatus.NOT_FOUND:
            return False
        if reply.kind != _FILE:
            raise BackendProtocolError(f"{self._root} sent {shortened(reply.kind)} instead of a file")
        return True

    async def piece(self, job: str, name: str, offset: int, size: int) -> bytes:
        """So many bytes of a file of a job; empty if there are none (yet)."""
        url, headers = self._session(job, name), {"Range": f"bytes={offset}-{offset + size - 1}"}
        none = (HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        reply = await self._ask(lambda server: server.read("GET", url, headers=headers, expected=none))
        if reply.status in none:
            return b""
        return reply.body if reply.status == HTTPStatus.PARTIAL_CONTENT else reply.body[offset : offset + size]

    async def _each(self, action: str, ids: Collection[str], *, change: bool) -> AsyncIterator[Mapping[str, Entry]]:
        url, headers = self._jobs(f"?action={action}"), {**_ASKED_FOR, "Content-Type": "application/json"}
        rest = iter([name for name in ids if is_id(name)])
        while part := list(islice(rest, CHUNK)):
            asked = msgspec.json.encode({"job": [{"id": name} for name in part]})

            async def call(server: Http, asked: bytes = asked) -> Reply:
                return await (server.write if change else server.read)("POST", url, content=asked, headers=headers)

            yield by_id(_in_json(await self._ask(call)).body)

    async def _get(self, url: str, *, expected: tuple[int, ...] = ()) -> Reply:
        return await self._ask(lambda server: server.read("GET", url, headers=_ASKED_FOR, expected=expected))

    async def _ask(self, call: Callable[[Http], Awaitable[Reply]]) -> Reply:
        server = await self._connections.to(self._root)
        try:
            return await _made(call, server)
        except BackendUnavailable as error:
            hung_up = isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, TimeoutError)
            explained = not hung_up or isinstance(error, NotSent | CredentialsExpired)
            raise (None if explained else await self._connections.complaint(self._root)) or error from error.__cause__

    def _jobs(self, rest: str) -> str:
        return f"{self._root}/{self._version}/jobs{rest}"

    def _session(self, job: str, name: str) -> str:
        return self._jobs(f"/{job}/session/{quote(os.fsencode(name))}".rstrip("/"))


async def _made(call: Callable[[Http], Awaitable[Reply]], server: Http) -> Reply:
    """Once more only if the first try surely did not arrive: A-REX breaks off some of many handshakes at once."""
    try:
        return await call(server)
    except NotSent as error:
        if error.retry_after is not None:
            raise
        return await call(server)


def judged(reply: Reply, name: str, expected: tuple[int, ...]) -> Reply:
    """The reply, if the element has answered; otherwise an error."""
    status = reply.status
    if status in expected:
        return reply
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise not_ready(reply, name)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise CredentialsExpired(f"{name} does not accept the proxy ({status}); are you allowed to use this element?")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise redirected(reply, name)
    if status == HTTPStatus.NOT_FOUND:
        raise BackendUnavailable(f"{name} has no REST interface of ARC at this address (404); is `url` right?")
    if reply.reason.startswith(_BAD_DESCRIPTION):
        raise Refused(f"ARC cannot read the description: {shortened(reply.reason, 200)}")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        reason = shortened(reply.reason, 120) or "no reason given"
        raise BackendUnavailable(f"{name} failed ({status}: {reason}); asking again later")
    return reply


def _in_json(reply: Reply) -> Reply:
    if reply.kind != "application/json":
        found = f"ARC answered with {shortened(reply.kind)} instead of JSON"
        raise BackendUnavailable(f"{found}: something else, such as a login page, seems to answer at its address")
    return reply
