"""Where the in-memory store keeps its events, in order."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter

from msgspec.structs import replace

from ganga.model.event import Event
from ganga.model.ids import JobId, Seq, parent_of
from ganga.store.rules import check_kept

_seq_of = attrgetter("seq")


class Log:
    """The events, each with its number. Numbers are given once, whatever is forgotten."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        #: See `Head.forgotten`.
        self.forgotten = Seq(0)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def last(self) -> Seq:
        """The number that was given last; 0 if none was."""
        return max(self._events[-1].seq if self._events else Seq(0), self.forgotten)

    def tell(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Keep new events. Returns them numbered."""
        numbered = tuple(replace(event, seq=Seq(seq)) for seq, event in enumerate(events, self.last + 1))
        self._events.extend(numbered)
        return numbered

    def load(self, events: Iterable[Event]) -> None:
        """Keep events that have their numbers, as far as they are not here."""
        for event in events:
            place = bisect_right(self._events, event.seq, key=_seq_of)
            if not place or self._events[place - 1].seq != event.seq:
                insort(self._events, event, key=_seq_of)

    def forget(self, up_to: Seq, limit: int) -> bool:
        """See `Store.forget_events`."""
        up_to = min(up_to, self.last)
        end = min(up_to, self._events[0].seq + limit - 1) if self._events else up_to
        self.forgotten = max(self.forgotten, Seq(end))
        del self._events[: bisect_right(self._events, end, key=_seq_of)]
        return end < up_to

    def read(self, after: Seq, limit: int, job: JobId | None) -> list[Event]:
        """See `Store.events`."""
        check_kept(after, self.forgotten)
        return list(islice(self.behind(max(after, self.forgotten), job), limit))

    def behind(self, after: Seq, job: JobId | None) -> Iterator[Event]:
        """The events behind a number that are here, of all jobs or of one and its subjobs."""
        for event in self._events[bisect_right(self._events, after, key=_seq_of) :]:
            if job is None or (event.job is not None and job in (event.job, parent_of(event.job))):
                yield event
