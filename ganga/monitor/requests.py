"""What people ask for, read from the store: at the start all that is live, then each request as it is written."""

from collections.abc import AsyncIterator

from ganga.core.orders import Requested
from ganga.errors import UnknownJob
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName, parent_of
from ganga.monitor.inbox import Inbox
from ganga.store.base import Store

#: Seconds after which the store is read again even if nobody has said that there is news.
PATIENCE = 30.0
#: Events or records read in one go.
PAGE = 1000

_ABOUT_A_JOB = frozenset({EventKind.JOB_CREATED, EventKind.KILL_REQUESTED, EventKind.SUBMIT_REQUESTED})


class Requests:
    """The requests for one target, put into the inbox of its monitor in the order in which they were written."""

    def __init__(self, target: TargetName, store: Store, inbox: Inbox) -> None:
        self._target = target
        self._store = store
        self._inbox = inbox

    async def stored(self) -> AsyncIterator[Requested]:
        """All that the store holds of the target's live jobs; whether a submission was interrupted is in doubt."""
        yield Requested(self._target, families=await self._store.families(self._target))
        last: JobId | None = None
        while records := await self._store.live(self._target, after=last, limit=PAGE):
            yield Requested(self._target, tuple(records), in_doubt=True)
            last = records[-1].id

    async def follow(self, after: Seq) -> None:
        """Pass on each request behind event `after`, for ever."""
        while True:
            events = await self._store.events(after, limit=PAGE)
            for event in events:
                if event.target == self._target:
                    await self._pass_on(event)
            if events:
                after = events[-1].seq
            if len(events) < PAGE:
                await self._store.wait(after, PATIENCE)

    async def _pass_on(self, event: Event) -> None:
        if event.kind in {EventKind.TARGET_PAUSED, EventKind.TARGET_RESUMED}:
            self._inbox.put(Requested(self._target, paused=event.kind is EventKind.TARGET_PAUSED))
        elif event.job is None:
            return
        elif event.kind is EventKind.JOB_REMOVED:
            self._inbox.put(Requested(self._target, removed=(event.job,)))
        elif event.kind is EventKind.REFRESH_REQUESTED:
            await self._records(event.job, refresh=True)
        elif event.kind in _ABOUT_A_JOB:
            await self._records(event.job, refresh=False)

    async def _records(self, job: JobId, *, refresh: bool) -> None:
        whole = parent_of(job) or job
        last: JobId | None = None
        try:
            families = await self._store.families(self._target, [whole])
            parents = await self._store.get([whole]) if whole != job else []
            self._inbox.put(Requested(self._target, tuple(parents), families))
            while records := await self._store.concerned(job, after=last, limit=PAGE):
                ids = tuple(record.id for record in records) if refresh else ()
                self._inbox.put(Requested(self._target, tuple(records), refresh=ids))
                last = records[-1].id
        except UnknownJob:
            # Removed meanwhile; that is the next request.
            return
