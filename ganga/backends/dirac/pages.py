"""Searches that read all there is, page by page, while jobs change under them.

Pages by their number would leave out jobs: one that changes, or is removed, moves those behind it one place forward,
and the first of the next page has slipped into the page that was read already. So each page begins after the last job
that was seen, in an order in which a job only ever moves towards the end.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from math import floor
from typing import Protocol

from ganga.backends.dirac.diracx_records import Filter
from ganga.backends.dirac.road import JobState
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc

TIME = "LastUpdateTime"
ID = "JobID"


class Search(Protocol):
    """The first page of the jobs for which all filters hold, sorted by these columns, and whether there are more."""

    async def __call__(self, filters: Sequence[Filter], order: Sequence[str], /) -> tuple[Sequence[JobState], bool]:
        """Raises `BackendUnavailable`."""
        ...


async def by_id(search: Search, filters: Sequence[Filter]) -> AsyncIterator[Sequence[JobState]]:
    """All jobs that fit, each once."""
    last = 0
    more = True
    while more:
        page, more = await search([*filters, Filter(ID, "gt", last)], (ID,))
        if page:
            yield page
            last = _advanced(last, page[-1].id, more=more)


async def by_time(search: Search, filters: Sequence[Filter], since: Utc) -> AsyncIterator[Sequence[JobState]]:
    """All jobs that fit and were updated in the second of `since` or later; pages overlap by the jobs of a second."""
    second = floor(since)
    while True:
        page, more = await search([*filters, _after(second)], (TIME, ID))
        if page:
            yield page
        if not more:
            return
        last = floor(_time_of(page))
        if last > second:
            second = last
            continue
        # More jobs in this second than fit a page: all of them, by their numbers; those that change meanwhile leave it.
        async for rest in by_id(search, [*filters, _after(second), Filter(TIME, "lt", _text(second + 1))]):
            yield rest
        second += 1


def _after(second: int) -> Filter:
    """At this second or later: the server cuts both sides of ``gt`` to whole seconds."""
    return Filter(TIME, "gt", _text(second - 1))


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _time_of(page: Sequence[JobState]) -> Utc:
    if not page or page[-1].updated_at is None:
        raise BackendUnavailable("DiracX sent a page of changes without the time of its last one; asking again later")
    return page[-1].updated_at


def _advanced(before: int, after: int, *, more: bool) -> int:
    if more and after <= before:
        raise BackendUnavailable("DiracX sent the same page twice; asking again later")
    return after
