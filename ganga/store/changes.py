"""Which jobs are spoken of by the events behind a number: whoever waits for some jobs need not read the others."""

from collections.abc import Iterable

from ganga.errors import EventsForgotten
from ganga.model.ids import JobId, Seq, parent_of
from ganga.store.base import Store

#: Events read in one go.
PAGE = 1000


class Changes:
    """All that happens from the making of this on; what is read before is then up to date, and what is read later more
    so.
    """

    def __init__(self, store: Store, seq: Seq) -> None:
        self._store = store
        self._seq = seq

    async def wait(self, seconds: float) -> set[JobId] | None:
        """The jobs spoken of since the last call, and the jobs that these are subjobs of; empty after so many seconds
        without. None if that can no longer be known: then any may have changed.
        """
        await self._store.wait(self._seq, seconds)
        try:
            return await self._changed()
        except EventsForgotten:
            self._seq = await self._store.last_seq()
            return None

    async def _changed(self) -> set[JobId]:
        changed: set[JobId] = set()
        while events := await self._store.events(self._seq, limit=PAGE):
            changed.update(_with_parents(event.job for event in events if event.job is not None))
            self._seq = events[-1].seq
            if len(events) < PAGE:
                break
        return changed


def _with_parents(jobs: Iterable[JobId]) -> Iterable[JobId]:
    for job in jobs:
        yield job
        parent = parent_of(job)
        if parent is not None:
            yield parent
