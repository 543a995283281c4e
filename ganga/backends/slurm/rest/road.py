"""The controller over REST: its list of jobs, asked for again only when something is new, and the end of jobs.

What fails here is no outage of the target: the commands are there. So it is logged once, and the road is closed for a
while.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from http import HTTPStatus
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import Final

from ganga.backends.batch.dialect import Listing
from ganga.backends.batch.road import News
from ganga.backends.slurm.rest.client import CONNECTIONS, Answered, RestClient
from ganga.backends.slurm.rest.clock import ControllerClock, Instant
from ganga.backends.slurm.rest.replies import numbers_of_errors, read_clock, read_jobs
from ganga.errors import BackendError
from ganga.model.ids import Cursor, NativeId

#: Seconds for which the road is closed when it has failed.
_CLOSED_FOR: Final = 30.0
#: An answer with news is one about all jobs, which takes the daemons seconds where these are thousands: for so many
#: times as long as it took, and at most so many seconds, it is not asked for again for the sake of news.
_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 15.0
#: More jobs than this are ended by one command in place of a request for each.
_FEW: Final = 50
#: A job that is not known, or has ended.
_HARMLESS: Final = frozenset({2017, 2021})
#: What a time in a question is preceded by: 22.05 reads numbers only, some later versions these letters only. Each
#: with the other.
_FORMS: Final = MappingProxyType({"": "uts", "uts": ""})

_log = logging.getLogger(__name__)


class RestRoad:
    """A `Road`, and a `Source` of what changes in that list."""

    def __init__(self, client: RestClient, *, cluster: str = "", now: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._cluster = cluster
        self._now = now
        self._lock = asyncio.Lock()
        self._clock = ControllerClock(self._controller_time, now)
        self._listing: Listing = {}
        #: The controller's time before the list was asked for; None if all is to be asked for.
        self._as_of: Instant | None = None
        #: The form of times that the server reads.
        self._form = ""
        self._closed_until: float | None = None
        #: Until when news are not asked for.
        self._pauses_until = -inf
        self._last = News()

    async def listing(self) -> Listing:
        """See `Road.listing`. Jobs of all users."""
        async with self._lock:
            return self._listing if await self._refreshed() else {}

    async def kill(self, ids: Collection[NativeId], /) -> Collection[NativeId]:
        """See `Road.kill`. Tasks are left to the command: 23.11 was seen to end the whole array in place of one, and by
        its source 23.02 does too.
        """
        wanted = [native_id for native_id in ids if "_" not in native_id]
        # A number may be that of a job of another cluster.
        if len(wanted) > _FEW or self._is_closed() or self._cluster:
            return []
        at_once = asyncio.Semaphore(CONNECTIONS)

        async def end(native_id: NativeId) -> bool:
            async with at_once:
                return await self._end(native_id)

        noted = await asyncio.gather(*map(end, wanted))
        return [native_id for native_id, heard in zip(wanted, noted, strict=True) if heard]

    async def news(self, _since: Cursor | None, followed: Collection[NativeId], /) -> News:
        """See `Source.news`. While the road is closed, news of all jobs are missed, so that the commands are asked;
        nothing is new while it pauses.
        """
        async with self._lock:
            if self._now() < self._pauses_until and not self._is_closed():
                return News()
            if not await self._refreshed():
                return News(missed=frozenset(followed))
            entries = {native_id: self._listing[native_id] for native_id in followed if native_id in self._listing}
        now = {native_id: entry.seen for native_id, entry in entries.items() if entry.seen is not None}
        new = {native_id: seen for native_id, seen in now.items() if self._last.told.get(native_id) != seen}
        self._last = News(now)
        return News(new)

    async def _refreshed(self) -> bool:
        """Bring the list up to date; returns whether it is."""
        if self._is_closed():
            return False
        try:
            await self._refresh()
        except BackendError as error:
            self._close(error)
            return False
        if self._closed_until is not None:
            _log.info("slurmrestd answers again")
        self._closed_until = None
        return True

    async def _refresh(self) -> None:
        # Before the list: what happens in between is then told once more, and nothing is missed.
        begun_at, now = self._now(), await self._clock.reached()
        # A clock that was set back would make the controller take all that happens for old.
        known = self._as_of if self._as_of is not None and self._as_of.era == now.era else None
        answered = await (self._client.ask("GET", "jobs") if known is None else self._changes(known.seconds))
        if known is not None and answered.status == HTTPStatus.NOT_MODIFIED:
            return
        if answered.status != HTTPStatus.OK:
            raise self._client.unavailable(answered)
        listing = await asyncio.to_thread(read_jobs, answered.body, self._cluster)
        if listing is not None or known is None:
            self._listing, self._as_of = listing or {}, now
        ended_at = self._now()
        self._pauses_until = ended_at + min(_PAUSE * (ended_at - begun_at), _LONGEST_PAUSE)

    async def _changes(self, since: int) -> Answered:
        answered = await self._client.ask("GET", f"jobs?update_time={self._form}{since}")
        if answered.status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
            return answered
        self._form = _FORMS[self._form]
        return await self._client.ask("GET", f"jobs?update_time={self._form}{since}")

    async def _controller_time(self) -> int:
        answered = await self._client.ask("GET", "diag")
        if answered.status != HTTPStatus.OK:
            raise self._client.unavailable(answered)
        return read_clock(answered.body)

    async def _end(self, native_id: NativeId) -> bool:
        try:
            answered = await self._client.ask("DELETE", f"job/{native_id}")
        except BackendError as error:
            self._close(error)
            return False
        told = numbers_of_errors(answered.body)
        done = answered.status == HTTPStatus.OK and self._client.tells_of_refusals
        return told <= _HARMLESS and (bool(told) or done)

    def _is_closed(self) -> bool:
        return self._closed_until is not None and self._now() < self._closed_until

    def _close(self, error: BackendError) -> None:
        """Once in an outage it is a warning."""
        level = logging.WARNING if self._closed_until is None else logging.DEBUG
        _log.log(level, "Slurm is asked by its commands for now: %s", error)
        self._closed_until = self._now() + _CLOSED_FOR
        self._as_of, self._listing = None, {}
        self._clock.forget()
