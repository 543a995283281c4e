"""What people ask for, read from the store: at the start all that is live, then each request as it is written."""

from collections.abc import AsyncGenerator, AsyncIterator

from ganga.core.orders import Requested
from ganga.errors import UnknownJob
from ganga.model.event import REQUESTS, Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName, parent_of
from ganga.store.base import Store

#: Seconds after which the store is read again even if nobody has said that there is news.
PATIENCE = 30.0
#: Events read in one go.
EVENTS = 1000
#: Records read in one go: so many are digested without the loop being held for long.
RECORDS = 500


class Requests:
    """The requests for one target. Nothing is kept here: whoever asks again gets what the store says then."""

    def __init__(self, target: TargetName, store: Store) -> None:
        self._target = target
        self._store = store

    async def stored(self) -> AsyncIterator[Requested]:
        """All that the store holds of the target's live jobs, and whose submission may have been interrupted."""
        yield Requested(self._target, families=await self._store.families(self._target))
        in_doubt = await self._store.handed_over(self._target)
        page = await self._store.live(self._target, limit=RECORDS)
        while page:
            yield Requested(self._target, tuple(page), in_doubt=in_doubt)
            last = page[-1].id
            page = await self._store.live(self._target, after=last, limit=RECORDS) if len(page) == RECORDS else []

    async def behind(self, after: Seq) -> AsyncGenerator[Event, None]:
        """Each request behind event `after`, as soon as it is written, for ever."""
        while True:
            events = await self._store.events(after, limit=EVENTS)
            for event in events:
                if event.target == self._target and event.kind in REQUESTS:
                    yield event
            if events:
                after = events[-1].seq
            if len(events) < EVENTS:
                await self._store.wait(after, PATIENCE)

    async def about(self, event: Event) -> AsyncIterator[Requested]:
        """What the request is about, in parts, as it now stands in the store."""
        if event.kind in {EventKind.TARGET_PAUSED, EventKind.TARGET_RESUMED}:
            yield Requested(self._target, paused=event.kind is EventKind.TARGET_PAUSED)
        elif event.job is not None and event.kind is EventKind.JOB_REMOVED:
            yield Requested(self._target, removed=(event.job,))
        elif event.job is not None:
            async for part in self._records(event.job, refresh=event.kind is EventKind.REFRESH_REQUESTED):
                yield part

    async def _records(self, job: JobId, *, refresh: bool) -> AsyncIterator[Requested]:
        whole = parent_of(job) or job
        families = await self._store.families(self._target, [whole])
        try:
            parents = await self._store.get([whole]) if whole != job else []
        except UnknownJob:
            # Removed meanwhile; that is the next request.
            return
        yield Requested(self._target, tuple(parents), families)
        page = await self._store.concerned(job, limit=RECORDS)
        while page:
            ids = tuple(record.id for record in page) if refresh else ()
            yield Requested(self._target, tuple(page), refresh=ids)
            last = page[-1].id
            page = await self._store.concerned(job, after=last, limit=RECORDS) if len(page) == RECORDS else []
