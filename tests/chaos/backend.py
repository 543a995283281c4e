"""The back end whose jobs live in the universe: an honest client of a service that is not always well."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import msgspec

from ganga.backends.base import Backend, Finding, Receipts, Retrieval, Retrieved, Submission, Surroundings
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.policy import Pace, Patience, Policy, Retry, Width
from tests.chaos.universe import Reply, Request, Sight, Weather, Wish

_RETRY = Retry(first=0.2, longest=2.0)
_WIDE = Width(batch=100, retry=_RETRY)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the universe is."""

    #: On this machine, through whatever lies between.
    port: int
    #: Whether it is asked for what is new.
    feed: bool = False


def policy(settings: Settings, /) -> Policy:
    """In a hurry, and yet patient enough for answers that are late or out of date."""
    return Policy(
        sweep=Pace(fastest=0.5, slowest=5.0 if settings.feed else 1.0, retry=_RETRY),
        sweep_width=_WIDE,
        feed=Pace(fastest=0.3, slowest=1.0, retry=_RETRY) if settings.feed else None,
        submit=_WIDE,
        find=_WIDE,
        kill=_WIDE,
        finish=Width(batch=20, parallel=2, retry=_RETRY),
        patience=Patience(denials=3, seconds=30.0),
        kill_again=3.0,
        answer_within=5.0,
        submit_within=5.0,
        finish_within=10.0,
    )


@asynccontextmanager
async def connect(settings: Settings, _surroundings: Surroundings, /) -> AsyncIterator[Backend]:
    """Say hello to the universe."""
    hello = await ask(settings.port, Request("hello"))
    client = UniverseBackend(settings.port, hello.session)
    yield FollowedBackend(settings.port, hello.session) if settings.feed else client


async def ask(port: int, request: Request) -> Reply:
    """One question on a connection of its own. Raises `BackendUnavailable` for anything but a whole answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(msgspec.json.encode(request) + b"\n")
            line = await reader.readline()
        finally:
            writer.close()
        if not line.endswith(b"\n"):
            raise BackendUnavailable(f"the answer to {request.verb} ends after {len(line)} bytes")
        reply = msgspec.json.decode(line, type=Reply)
    except (OSError, msgspec.DecodeError) as error:
        raise BackendUnavailable(f"the universe does not answer to {request.verb}: {error}") from error
    if reply.error is not None:
        raise BackendUnavailable(reply.error, retry_after=0.3)
    return reply


async def set_weather(port: int, weather: Weather) -> None:
    """From now on answers are like this."""
    await ask(port, Request("weather", weather=weather))


class UniverseBackend:
    """A `Backend`; made by `connect`."""

    def __init__(self, port: int, session: int) -> None:
        self._port = port
        self._session = session
        self._serials = count(1)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `Backend.submit`."""
        reply = await self._ask(Request("submit", wishes=[_wish(submission) for submission in batch]))
        return Receipts(accepted=reply.named)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `Backend.find`: the universe keeps its promise of what is absent."""
        reply = await self._ask(Request("find", tags=list(tags)))
        return Finding(reply.named, frozenset(reply.absent))

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `Backend.poll`."""
        reply = await self._ask(Request("poll", ids=list(ids)))
        return Answer(_seen(reply), frozenset(reply.unknown))

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """See `Backend.kill`."""
        await self._ask(Request("kill", ids=list(ids)))

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        reply = await self._ask(Request("poll", ids=[retrieval.native_id for retrieval in retrievals]))
        sights = {sight.native_id: sight for sight in reply.seen}
        found = [retrieval for retrieval in retrievals if retrieval.native_id in sights]
        await asyncio.to_thread(_write, found)
        return {retrieval.native_id: Retrieved() for retrieval in found}

    async def _ask(self, request: Request) -> Reply:
        own = msgspec.structs.replace(request, session=self._session, serial=next(self._serials))
        return await ask(self._port, own)


class FollowedBackend(UniverseBackend):
    """The same, with a feed."""

    async def changes(self, since: Cursor | None, /) -> Answer:
        """See `Feed.changes`."""
        reply = await self._ask(Request("changes", since=None if since is None else float(since)))
        return Answer(_seen(reply), cursor=Cursor(repr(reply.cursor)) if reply.cursor else since)


def _wish(submission: Submission) -> Wish:
    """The command is ``run SECONDS EXIT_CODE``."""
    seconds, exit_code = (*submission.spec.command, *submission.share.arguments)[-2:]
    return Wish(submission.tag, float(seconds), int(exit_code))


def _seen(reply: Reply) -> dict[NativeId, Observation]:
    return {sight.native_id: _observation(sight) for sight in reply.seen}


def _observation(sight: Sight) -> Observation:
    return Observation(
        status=sight.status,
        native_status=sight.status.value.upper(),
        exit_code=sight.exit_code,
        started_at=None if sight.started_at is None else Utc(sight.started_at),
        ended_at=None if sight.ended_at is None else Utc(sight.ended_at),
    )


def _write(retrievals: Sequence[Retrieval]) -> None:
    for retrieval in retrievals:
        Path(retrieval.into, "stdout").write_text(retrieval.native_id)
        Path(retrieval.into, "stderr").write_text("")
