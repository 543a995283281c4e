"""The optional verbs of `ganga.backends.base`, as a back end has them whose library blocks: plain ``def``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from ganga.backends.base import Stream, Tail
from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step


@runtime_checkable
class BlockingFeed(Protocol):
    """See `ganga.backends.base.Feed`."""

    def changes(self, since: Cursor | None, /) -> Answer:
        """See `Feed.changes`."""
        ...


@runtime_checkable
class BlockingReadable(Protocol):
    """See `ganga.backends.base.Readable`."""

    def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """See `Readable.read`."""
        ...


@runtime_checkable
class BlockingDiscarding(Protocol):
    """See `ganga.backends.base.Discarding`."""

    def discard(self, ids: Collection[NativeId], /) -> None:
        """See `Discarding.discard`."""
        ...


@runtime_checkable
class BlockingAdopting(Protocol):
    """See `ganga.backends.base.Adopting`."""

    def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """See `Adopting.adopt`."""
        ...


@runtime_checkable
class BlockingHistoried(Protocol):
    """See `ganga.backends.base.Historied`."""

    def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """See `Historied.history`."""
        ...


@runtime_checkable
class BlockingRescheduling(Protocol):
    """See `ganga.backends.base.Rescheduling`."""

    def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """See `Rescheduling.reschedule`."""
        ...


@runtime_checkable
class BlockingDeleting(Protocol):
    """See `ganga.backends.base.Deleting`."""

    def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """See `Deleting.delete`."""
        ...


@runtime_checkable
class BlockingPeeking(Protocol):
    """See `ganga.backends.base.Peeking`."""

    def peek(self, native_id: NativeId, /) -> Tail:
        """See `Peeking.peek`."""
        ...
