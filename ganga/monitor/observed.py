"""A back end whose calls are told to an observer, one by one."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager

from ganga.backends.base import Backend, Discarding, Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.model.ids import Cursor, NativeId, Tag, TargetName
from ganga.model.observation import Answer
from ganga.monitor.border import Border
from ganga.monitor.instruments import Call, Observer


class ObservedBorder(Border):
    """The same verbs; a reply that breaks its contract is a call that failed."""

    def __init__(self, target: TargetName, backend: Backend, observer: Observer) -> None:
        super().__init__(backend)
        self._target = target
        self._observer = observer

    async def submit(self, batch: Sequence[Submission]) -> Receipts:
        """See `Backend.submit`."""
        with self._call("submit", len(batch)):
            return await super().submit(batch)

    async def find(self, tags: Collection[Tag]) -> Finding:
        """See `Backend.find`."""
        with self._call("find", len(tags)):
            return await super().find(tags)

    async def poll(self, ids: Collection[NativeId]) -> Answer:
        """See `Backend.poll`."""
        with self._call("poll", len(ids)):
            return await super().poll(ids)

    async def changes(self, since: Cursor | None) -> Answer:
        """See `Feed.changes`."""
        with self._call("changes"):
            return await super().changes(since)

    async def kill(self, ids: Collection[NativeId]) -> None:
        """See `Backend.kill`."""
        with self._call("kill", len(ids)):
            await super().kill(ids)

    async def fetch(self, retrievals: Sequence[Retrieval]) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        with self._call("fetch", len(retrievals)):
            return await super().fetch(retrievals)

    async def discard(self, ids: Collection[NativeId]) -> None:
        """See `Discarding.discard`; where nothing happens, nothing is told."""
        if isinstance(self._backend, Discarding) and ids:
            with self._call("discard", len(ids)):
                await super().discard(ids)

    def _call(self, verb: str, jobs: int = 0) -> AbstractContextManager[object]:
        return self._observer.during(Call(self._target, verb, jobs))
