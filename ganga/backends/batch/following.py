"""A batch system that says what is new: a source of news in front of the questions that would bring them too."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import inf
from time import monotonic
from typing import Final

from ganga.backends.base import Finding, Receipts, Submission
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Dialect
from ganga.backends.batch.kerberos.watch import Watch
from ganga.backends.batch.road import Road, Source
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.workplace import Workplace
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation

#: A hint is followed up with these questions for what is new, counted from the one that it came with: a system may know
#: for longer than its log does that a job runs, mostly for moments and sometimes for a minute. So the first ones follow
#: at once, and the later ones seldom. What is not settled then is the sweep's.
_FOLLOWED_UP: Final = frozenset({0, 1, 2, 3, 5, 8, 13, 21, 34, 55})
_LAST: Final = max(_FOLLOWED_UP)
#: Where jobs end all the time each look at what is new brings hints, and one question speaks of all jobs: so many
#: seconds pass until the next one that follows up hints; and so many after a sweep, which is such a question too, but
#: not more than these since the last one for hints, however often people ask.
_APART: Final = 2.5
_AFTER_SWEEP: Final = 3.0
_LONGEST: Final = 6.0


class FollowedBackend(BatchBackend):
    """A `BatchBackend` that is a `Feed`."""

    def __init__(
        self,
        dialect: Dialect,
        shell: Shell,
        place: Workplace,
        *,
        source: Source,
        largest_array: int,
        commit_delay: float,
        road: Road | None = None,
        tickets: Watch | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(
            dialect,
            shell,
            place,
            largest_array=largest_array,
            commit_delay=commit_delay,
            road=road,
            tickets=tickets,
            now=now,
        )
        self._source = source
        self._now = now
        #: How often the source was looked into: what it said of a job that was not known yet is missed.
        self._looks = 0
        #: When the system was asked because of hints, and until when these wait.
        self._hinted_at = self._waits_until = -inf
        self._followed: set[NativeId] = set()
        #: With how many questions for what is new there were since.
        self._hints: dict[NativeId, int] = {}
        #: Why the system did not answer when it was asked last; None if it did.
        self._trouble: BackendUnavailable | None = None

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `BatchBackend.submit`."""
        looks = self._looks
        receipts = await super().submit(batch)
        self._follow(receipts.accepted.values(), missed=looks < self._looks)
        return receipts

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `BatchBackend.find`."""
        finding = await super().find(tags)
        self._follow(finding.present.values(), missed=True)
        return finding

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `BatchBackend.poll`. What is asked about is followed from then on, to its end."""
        self._followed.update(ids)
        later = min(self._now() + _AFTER_SWEEP, self._hinted_at + _LONGEST)
        self._waits_until = max(self._waits_until, later)
        answer = await self._ask(ids)
        self._note_ends(answer.seen)
        return answer

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """See `BatchBackend.kill`. Systems do not tell of all that they end in the queue, so these are asked about."""
        await super().kill(ids)
        self._hints.update(dict.fromkeys(self._followed & set(ids), 0))

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """See `BatchBackend.discard`."""
        self._leave(ids)
        await super().discard(ids)

    async def changes(self, since: Cursor | None, /) -> Answer:
        """What the source says, and what the system itself says of jobs at which the source hints.

        A file can be read while the system that writes it is away: that there is nothing new in it is no answer then.
        """
        news = await self._source.news(since, self._followed)
        self._looks += 1
        self._ask_once(news.missed & self._followed)
        self._hints.update(dict.fromkeys(news.hints & self._followed, 0))
        seen = {**news.told, **await self._confirmed()}
        if self._trouble is not None and not seen:
            raise BackendUnavailable(str(self._trouble)) from self._trouble
        self._note_ends(seen)
        return Answer(seen, cursor=news.cursor)

    async def _confirmed(self) -> Mapping[NativeId, Observation]:
        """That a job is not there is left to the sweep: it may come with the next question."""
        asked = [native_id for native_id, age in self._hints.items() if age in _FOLLOWED_UP]
        if asked and self._now() < self._waits_until:
            return {}
        seen = await self._follow_up(asked) if asked else {}
        self._hints = {native_id: age + 1 for native_id, age in self._hints.items() if age < _LAST}
        return seen

    async def _follow_up(self, hinted: Collection[NativeId]) -> Mapping[NativeId, Observation]:
        self._hinted_at = self._now()
        self._waits_until = self._hinted_at + _APART
        return (await self._ask(hinted)).seen

    async def _ask(self, ids: Collection[NativeId]) -> Answer:
        try:
            answer = await super().poll(ids)
        except BackendUnavailable as error:
            self._trouble, self._waits_until = error, -inf
            raise
        self._trouble = None
        return answer

    def _follow(self, ids: Collection[NativeId], *, missed: bool) -> None:
        self._followed.update(ids)
        if missed:
            self._ask_once(ids)

    def _ask_once(self, ids: Iterable[NativeId]) -> None:
        self._hints = {**dict.fromkeys(ids, _LAST), **self._hints}

    def _note_ends(self, seen: Mapping[NativeId, Observation]) -> None:
        self._leave(native_id for native_id, said in seen.items() if said.status.final)

    def _leave(self, ids: Iterable[NativeId]) -> None:
        for native_id in ids:
            self._followed.discard(native_id)
            self._hints.pop(native_id, None)
