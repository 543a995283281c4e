"""Blocking back ends: `in_threads` makes a `Backend` of a library that blocks.

The verbs of a blocking back end are those of `ganga.backends.base`, optional ones included, as plain ``def``.
"""

from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Self

from ganga.backends.base import BlockingBackend, Finding, Receipts, Retrieval, Retrieved, Stream, Submission, Tail
from ganga.backends.blocking import (
    BlockingAdopting,
    BlockingDeleting,
    BlockingDiscarding,
    BlockingFeed,
    BlockingHistoried,
    BlockingPeeking,
    BlockingReadable,
    BlockingRescheduling,
)
from ganga.backends.pool import ThreadPool
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step


class ThreadedBackend:
    """A blocking back end whose verbs run in a `ThreadPool` of its own; it is `Strained`, and closed with the block."""

    def __init__(self, backend: BlockingBackend, pool: ThreadPool) -> None:
        self._backend = backend
        self._pool = pool

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._backend!r} in {self._pool!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """See `ThreadPool.close`; threads that hang are left to themselves."""
        self._pool.close()

    @property
    def stuck_threads(self) -> int:
        """See `Strained.stuck_threads`."""
        return self._pool.stuck_threads

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `Backend.submit`."""
        return await self._pool.call("submit", self._backend.submit, batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `Backend.find`."""
        return await self._pool.call("find", self._backend.find, tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `Backend.poll`."""
        return await self._pool.call("poll", self._backend.poll, ids)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """See `Backend.kill`."""
        await self._pool.call("kill", self._backend.kill, ids)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        return await self._pool.call("fetch", self._backend.fetch, retrievals)


class _Changes:
    _backend: BlockingFeed
    _pool: ThreadPool

    async def changes(self, since: Cursor | None, /) -> Answer:
        return await self._pool.call("changes", self._backend.changes, since)


class _Read:
    _backend: BlockingReadable
    _pool: ThreadPool

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        return await self._pool.call("read", self._backend.read, native_id, stream, offset)


class _Discard:
    _backend: BlockingDiscarding
    _pool: ThreadPool

    async def discard(self, ids: Collection[NativeId], /) -> None:
        await self._pool.call("discard", self._backend.discard, ids)


class _Adopt:
    _backend: BlockingAdopting
    _pool: ThreadPool

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        return await self._pool.call("adopt", self._backend.adopt, references)


class _History:
    _backend: BlockingHistoried
    _pool: ThreadPool

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        return await self._pool.call("history", self._backend.history, ids)


class _Reschedule:
    _backend: BlockingRescheduling
    _pool: ThreadPool

    async def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        return await self._pool.call("reschedule", self._backend.reschedule, ids)


class _Delete:
    _backend: BlockingDeleting
    _pool: ThreadPool

    async def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        return await self._pool.call("delete", self._backend.delete, ids)


class _Peek:
    _backend: BlockingPeeking
    _pool: ThreadPool

    async def peek(self, native_id: NativeId, /) -> Tail:
        return await self._pool.call("peek", self._backend.peek, native_id)


#: What a back end that can do this gets in addition.
_OPTIONAL: tuple[tuple[type, type], ...] = (
    (BlockingFeed, _Changes),
    (BlockingReadable, _Read),
    (BlockingDiscarding, _Discard),
    (BlockingAdopting, _Adopt),
    (BlockingHistoried, _History),
    (BlockingRescheduling, _Reschedule),
    (BlockingDeleting, _Delete),
    (BlockingPeeking, _Peek),
)


def in_threads(
    backend: BlockingBackend,
    *,
    name: str,
    threads: int = 4,
    timeout: float = 60.0,
    timeouts: Mapping[str, float] | None = None,
    most_stuck: int = 16,
) -> ThreadedBackend:
    """A `Backend` that calls the verbs of a blocking one in threads of its own; use it as an async context manager.

    It is a `Feed`, `Readable`, `Discarding`, `Adopting`, `Historied`, `Rescheduling`, `Deleting` or `Peeking` exactly
    if the blocking one has that verb. `timeout` is the
    seconds that one call may take, `timeouts` those of single verbs (``{"fetch": 600}`` where outputs are large); see
    `ThreadPool` for what happens to calls that take longer. `name` is the target's, for errors. A call under way uses
    one of `threads`, also a ``changes`` that waits for news.
    """
    verbs = tuple(verb for protocol, verb in _OPTIONAL if isinstance(backend, protocol))
    # A class made to measure, since `isinstance` with a protocol looks at what a class has, not at what it could do.
    kind: type[ThreadedBackend] = type(ThreadedBackend.__name__, (*verbs, ThreadedBackend), {})
    pool = ThreadPool(name, threads=threads, timeout=timeout, timeouts=timeouts, most_stuck=most_stuck)
    return kind(backend, pool)
