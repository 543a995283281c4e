"""What a back end says, checked before any of it is believed: a badly written one costs its own target, and no job."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import NoneType

from msgspec.structs import astuple

from ganga.backends.base import Backend, Discarding, Feed, Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.errors import BackendProtocolError
from ganga.model.ids import Cursor, NativeId, Tag, shortened
from ganga.model.observation import Answer, Observation
from ganga.model.status import POLLED, JobStatus

#: Observations checked in one go.
PORTION = 500

#: What a back end may say of a job. A tuple, since the members of an enumeration are slow to hash.
_TOLD = (
    JobStatus.RUNNING,
    *sorted(POLLED - {JobStatus.RUNNING}),
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.KILLED,
)
#: The types that the fields of an observation may have, in their order.
_KINDS: tuple[tuple[type, ...], ...] = (
    (JobStatus,),
    (str,),
    (int, NoneType),
    (int, NoneType),
    (str, NoneType),
    (float, int, NoneType),
    (float, int, NoneType),
    (str, NoneType),
    (int, NoneType),
    (float, int, NoneType),
    (int,),
)
#: Characters of a native id: each store keeps these in an index. Real ones are hardly ever longer than an address.
LONGEST_ID = 500
#: Seconds since 1970 that can be told as a date.
_END_OF_TIME = 253402300800.0


class Border:
    """The verbs of a back end, with replies of the types that their contract promises.

    Each raises `BackendProtocolError` for any other reply, besides what the back end raises.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        # The combinations of types that were found to be sound: there are few, and looking one up is quick.
        self._sound: set[tuple[type, ...]] = set()

    async def submit(self, batch: Sequence[Submission]) -> Receipts:
        """See `Backend.submit`."""
        receipts = await self._backend.submit(batch)
        _check("submit", receipts, Receipts)
        _check_names("submit: accepted", receipts.accepted)
        _check_texts("submit: rejected", receipts.rejected)
        return receipts

    async def find(self, tags: Collection[Tag]) -> Finding:
        """See `Backend.find`."""
        finding = await self._backend.find(tags)
        _check("find", finding, Finding)
        _check_names("find: present", finding.present)
        _check("find: absent", finding.absent, AbstractSet)
        return finding

    async def poll(self, ids: Collection[NativeId]) -> Answer:
        """See `Backend.poll`."""
        return await self._checked("poll", await self._backend.poll(ids))

    async def changes(self, since: Cursor | None) -> Answer:
        """See `Feed.changes`."""
        if not isinstance(self._backend, Feed):
            raise BackendProtocolError("the policy speaks of a feed, but the back end has no verb `changes`")
        answer = await self._checked("changes", await self._backend.changes(since))
        _check("changes: cursor", answer.cursor, str, NoneType)
        _check("changes: living", answer.living, int, NoneType)
        return answer

    async def kill(self, ids: Collection[NativeId]) -> None:
        """See `Backend.kill`."""
        await self._backend.kill(ids)

    async def fetch(self, retrievals: Sequence[Retrieval]) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        replies = await self._backend.fetch(retrievals)
        _check("fetch", replies, Mapping)
        for reply in replies.values():
            _check("fetch", reply, Retrieved)
            _check("fetch: error", reply.error, str, NoneType)
            _check("fetch: missing", reply.missing, tuple)
            for pattern in reply.missing:
                _check("fetch: missing", pattern, str)
        return replies

    async def discard(self, ids: Collection[NativeId]) -> None:
        """See `Discarding.discard`; nothing happens where the back end does not have it."""
        if isinstance(self._backend, Discarding) and ids:
            await self._backend.discard(ids)

    async def _checked(self, verb: str, answer: Answer) -> Answer:
        """A copy, since nothing says that the back end does not go on changing its own."""
        _check(verb, answer, Answer)
        _check(f"{verb}: absent", answer.absent, AbstractSet)
        _check(f"{verb}: seen", answer.seen, Mapping)
        seen: dict[NativeId, Observation] = {}
        for number, (native_id, observation) in enumerate(answer.seen.items(), 1):
            self._check_observation(verb, native_id, observation)
            seen[native_id] = observation
            if number % PORTION == 0:
                await asyncio.sleep(0)
        return Answer(seen, frozenset(answer.absent), answer.cursor, answer.living)

    def _check_observation(self, verb: str, native_id: NativeId, observation: Observation) -> None:
        if not _is_named(native_id, observation):
            raise _broken(f"{verb}: seen", {native_id: observation}, "an `Observation` for each native id")
        kinds = tuple(map(type, astuple(observation)))
        if kinds not in self._sound:
            if not all(map(issubclass, kinds, _KINDS)):
                raise _broken(f"{verb}: {native_id}", observation, "the types that `Observation` declares")
            self._sound.add(kinds)
        if observation.status not in _TOLD:
            raise _broken(f"{verb}: {native_id}", observation.status, f"one of {', '.join(_TOLD)}")
        for at in (observation.started_at, observation.ended_at):
            if at is not None and not 0.0 <= at < _END_OF_TIME:
                raise _broken(f"{verb}: {native_id}", at, "seconds since 1970")


def _is_named(native_id: object, observation: object) -> bool:
    return isinstance(native_id, str) and isinstance(observation, Observation)


def _check(what: str, found: object, *kinds: type) -> None:
    if not isinstance(found, kinds):
        raise _broken(what, found, " or ".join(kind.__name__ for kind in kinds))


def _check_texts(what: str, found: Mapping[Tag, str]) -> None:
    _check(what, found, Mapping)
    for tag, text in found.items():
        _check(what, tag, str)
        _check(what, text, str)


def _check_names(what: str, found: Mapping[Tag, NativeId]) -> None:
    """Two jobs under one native id would be taken for each other."""
    _check_texts(what, found)
    for native_id in found.values():
        if len(native_id) > LONGEST_ID:
            raise _broken(what, native_id, f"a native id of {LONGEST_ID} characters at most")
    if len(set(found.values())) < len(found):
        raise _broken(what, dict(found), "a native id of its own for each job")


def _broken(what: str, found: object, expected: str) -> BackendProtocolError:
    return BackendProtocolError(f"{what}: expected {expected}, found {shortened(ascii(found), 200)}; report this bug")
