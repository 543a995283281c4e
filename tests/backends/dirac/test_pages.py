"""Reading to the end while jobs change: laws that Hypothesis tries to break."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.backends.dirac.diracx_records import Filter
from ganga.backends.dirac.pages import Search, by_id, by_time
from ganga.backends.dirac.road import JobState
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc

PAGE = 3


class Server:
    """Jobs with their times, a page of at most three of them, and changes between any two pages."""

    def __init__(self, times: Sequence[float], changes: Sequence[tuple[int, float]] = ()) -> None:
        self.jobs = {
            number: JobState(id=number, status="Running", updated_at=Utc(time)) for number, time in enumerate(times, 1)
        }
        self.now = max(times, default=0.0)
        self.changes = list(changes)
        self.asked = 0

    async def search(self, filters: Sequence[Filter], order: Sequence[str], /) -> tuple[Sequence[JobState], bool]:
        self.asked += 1
        fitting = [job for job in self.jobs.values() if all(fits(job, one) for one in filters)]
        fitting.sort(key=lambda job: tuple(job.id if column == "JobID" else job.updated_at or 0.0 for column in order))
        if self.changes:
            self.change(*self.changes.pop())
        return fitting[:PAGE], len(fitting) > PAGE

    def change(self, number: int, later: float) -> None:
        """The time of a change is never before that of the last one."""
        self.now += later
        job = 1 + number % len(self.jobs)
        self.jobs[job] = replace(self.jobs[job], status="Done", updated_at=Utc(self.now))


def fits(job: JobState, condition: Filter) -> bool:
    """As the server does it: with times cut to whole seconds."""
    assert condition.value is not None
    if condition.parameter == "JobID":
        assert condition.operator == "gt"
        return job.id > int(condition.value)
    assert job.updated_at is not None
    second = datetime.strptime(str(condition.value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    return job.updated_at >= second + 1 if condition.operator == "gt" else job.updated_at < second


def always(job: JobState) -> Search:
    """A server that has this job on its page and claims that there are more."""

    async def search(_filters: Sequence[Filter], _order: Sequence[str], /) -> tuple[Sequence[JobState], bool]:
        return [job], True

    return search


TIMES = st.lists(st.floats(0.0, 6.0), min_size=1, max_size=20)
CHANGES = st.lists(st.tuples(st.integers(0, 100), st.sampled_from([0.0, 0.1, 0.9, 3.0])), max_size=30)


@given(times=TIMES, changes=CHANGES, since=st.floats(0.0, 7.0))
async def test_no_news_are_left_out_whatever_changes_while_they_are_read(
    times: list[float], changes: list[tuple[int, float]], since: float
) -> None:
    server = Server(times, changes)
    told: dict[int, JobState] = {}
    async for page in by_time(server.search, [], Utc(since)):
        told.update({job.id: job for job in page})
    for number, time in enumerate(times, 1):
        assert number in told or time < floor(since)
    last = max((job.updated_at or 0.0 for job in told.values()), default=0.0)
    for job in server.jobs.values():
        # Whoever goes on from the last second that was told misses nothing.
        assert job.updated_at is not None
        assert told.get(job.id) == job or floor(job.updated_at) >= floor(last) or job.updated_at < floor(since)


@given(times=TIMES, changes=CHANGES)
async def test_all_jobs_are_read_once_in_the_order_of_their_ids(
    times: list[float], changes: list[tuple[int, float]]
) -> None:
    server = Server(times, changes)
    told = [job.id async for page in by_id(server.search, []) for job in page]
    assert told == list(range(1, len(times) + 1))


@given(st.integers(0, 40))
async def test_it_takes_no_more_calls_than_there_are_pages_and_one_for_each_full_second(jobs: int) -> None:
    server = Server([5.0] * jobs)
    async for _ in by_time(server.search, [], Utc(5.0)):
        pass
    assert server.asked <= (jobs + PAGE - 1) // PAGE + 3


async def test_a_server_that_sends_a_page_again_and_again_is_not_asked_for_ever() -> None:
    with pytest.raises(BackendUnavailable, match="twice"):
        async for _ in by_id(always(JobState(id=7, status="Done", updated_at=Utc(9.0))), []):
            pass


async def test_a_page_of_news_without_a_time_is_no_page() -> None:
    with pytest.raises(BackendUnavailable, match="without the time"):
        async for _ in by_time(always(JobState(id=7, status="Done")), [], Utc(0.0)):
            pass
