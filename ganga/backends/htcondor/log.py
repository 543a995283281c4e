"""The event log of a target, in which HTCondor writes whatever happens to its jobs: news without a question."""

import logging
from collections.abc import Collection
from typing import Final

from ganga.backends.batch.road import News
from ganga.backends.batch.tailing import GrowingFile, Growth
from ganga.backends.htcondor import events
from ganga.backends.htcondor.events import Event
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, NativeId, shortened
from ganga.model.observation import Observation

#: The line that ends an event.
CLOSING: Final = b"..."
#: Pieces that are read in one go.
_PIECES: Final = 16
#: A log of more bytes is emptied; some ten thousand jobs leave as many.
_LONGEST: Final = 1 << 25

_log = logging.getLogger(__name__)


class EventLog:
    """A `Source`. An event does not say which run it is of. So of the ends of jobs that were started several times it
    makes hints: the schedd says which run that was, by a count that may lag behind the events for ever if it crashes.
    """

    def __init__(self, file: GrowingFile, *, longest: int = _LONGEST) -> None:
        self._file = file
        self._longest = longest
        #: What was counted before and behind what was read last: whoever could not use the answer asks from the same
        #: place again, and no start is counted twice.
        self._starts: dict[Cursor | None, dict[NativeId, int]] = {}

    async def news(self, since: Cursor | None, followed: Collection[NativeId], /) -> News:
        """See `Source.news`."""
        before = self._starts.get(since, {})
        starts, began = dict(before), since
        told: dict[NativeId, Observation] = {}
        unclear: set[NativeId] = set()
        missed = False
        for _ in range(_PIECES):
            growth = await self._file.read_on(since)
            since = growth.cursor
            if growth.gap:
                _log.warning("there may be events of jobs on HTCondor that nobody has read; it is asked about all jobs")
                missed = True
            for event in self._events(growth):
                _take(event, starts, told, unclear)
            if not growth.behind:
                if (emptied := await self._emptied(growth.length)) is not None:
                    # What came just now is lost, so that it is asked for.
                    since, missed = emptied, True
                break
        self._starts = {began: before, since: starts}
        return News(told, frozenset(unclear), frozenset(followed if missed else ()), since)

    async def _emptied(self, length: int) -> Cursor | None:
        """Where to go on; None if it stays as it is. That it cannot be emptied does no harm: it is tried again when
        there is twice as much.
        """
        if length <= self._longest:
            return None
        try:
            return await self._file.empty()
        except BackendUnavailable as error:
            self._longest *= 2
            _log.warning("the event log of HTCondor cannot be emptied: %s", error)
            return None

    def _events(self, growth: Growth) -> list[Event]:
        read = [(record, events.read(record)) for record in growth.records]
        for record, event in read:
            if event is None:
                _log.warning("an event of HTCondor that is not known: %s", shortened(record.decode("utf-8", "replace")))
        return [event for _, event in read if event is not None]


def _take(event: Event, starts: dict[NativeId, int], told: dict[NativeId, Observation], unclear: set[NativeId]) -> None:
    starts[event.job] = starts.get(event.job, 0) + event.starts
    if event.seen is None:
        return
    told.pop(event.job, None)
    final = event.seen.status.final
    if event.unclear or (final and starts[event.job] > 1):
        unclear.add(event.job)
    else:
        told[event.job] = event.seen
    if final:
        del starts[event.job]
