"""A source of news, and a road, beside the commands."""

import re
from collections.abc import Callable, Collection
from itertools import count
from pathlib import Path

import pytest

from ganga.backends.base import Feed
from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.following import FollowedBackend
from ganga.backends.batch.road import News
from ganga.backends.batch.shell import Command, Reply
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from tests.backends.batch.toy import Clock, ToyDialect, ToySystem, backend_on, down, place_in, submission

RUNNING = Observation(status=JobStatus.RUNNING, native_status="told")
FAILED = Observation(status=JobStatus.FAILED, native_status="told", exit_code=3)


class ToyRoad:
    """A `Road` that tells what a test wants, and a `Source`."""

    def __init__(self) -> None:
        self.told: dict[NativeId, Observation] = {}
        self.takes: set[NativeId] = set()
        self.next = News()
        self.followed: set[NativeId] = set()
        self.since: list[Cursor | None] = []

    async def listing(self) -> Listing:
        return {native_id: Entry("", seen) for native_id, seen in self.told.items()}

    async def kill(self, ids: Collection[NativeId], /) -> Collection[NativeId]:
        return self.takes & set(ids)

    async def news(self, since: Cursor | None, followed: Collection[NativeId], /) -> News:
        self.since.append(since)
        self.followed = set(followed)
        return self.next


@pytest.fixture
def road() -> ToyRoad:
    return ToyRoad()


@pytest.fixture
def backend(system: ToySystem, work: Path, road: ToyRoad) -> FollowedBackend:
    """One that is asked so seldom that it need not wait."""
    return followed_on(system, work, road, count(0.0, 60.0).__next__)


def followed_on(system: ToySystem, work: Path, road: ToyRoad, now: Callable[[], float]) -> FollowedBackend:
    place = place_in(system, work)
    return FollowedBackend(
        ToyDialect(), system, place, largest_array=50, commit_delay=60.0, road=road, source=road, now=now
    )


async def submitted(backend: FollowedBackend, system: ToySystem, count: int = 1) -> list[NativeId]:
    receipts = await backend.submit([submission(number) for number in range(1, count + 1)])
    system.calls.clear()
    return list(receipts.accepted.values())


def test_only_what_has_a_source_is_a_feed(backend: FollowedBackend, system: ToySystem, work: Path) -> None:
    assert isinstance(backend, Feed)
    assert not isinstance(backend_on(system, work), Feed)


async def test_no_command_is_asked_where_the_road_tells_of_all_jobs(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    first, second = await submitted(backend, system, 2)
    road.told = {first: RUNNING, second: FAILED}
    assert (await backend.poll([first, second])).seen == road.told
    assert system.calls == []


async def test_what_the_road_leaves_out_the_command_tells_and_no_more_follows(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    first, second = await submitted(backend, system, 2)
    road.told = {first: RUNNING}
    seen = (await backend.poll([first, second])).seen
    assert {key: said.status for key, said in seen.items()} == dict.fromkeys([first, second], JobStatus.SUBMITTED)
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await backend.poll([first, second])


async def test_what_the_road_cannot_end_the_command_ends(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    first, second = await submitted(backend, system, 2)
    road.takes = {first}
    await backend.kill([first, second])
    assert system.calls == [("toydel", second)]


async def hinted_at(backend: FollowedBackend, system: ToySystem, road: ToyRoad) -> NativeId:
    """A job of which there was a hint that came to nothing as yet; no more news comes by itself."""
    (native_id,) = await submitted(backend, system)
    road.next = News(hints=frozenset({native_id}))
    await backend.changes(None)
    road.next = News()
    return native_id


async def test_a_hint_is_no_end_and_is_followed_up_until_there_is_one(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    """A job that goes back to the queue is hinted at too."""
    (native_id,) = await submitted(backend, system)
    road.next = News(hints=frozenset({native_id, NativeId("999")}), cursor=Cursor("c"))
    answer = await backend.changes(None)
    assert (answer.seen[native_id].status, answer.cursor) == (JobStatus.SUBMITTED, "c")
    assert set(answer.seen) == {native_id}
    road.next = News(cursor=Cursor("c"))
    system.becomes(native_id, JobStatus.FAILED, code=3)
    assert (await backend.changes(Cursor("c"))).seen[native_id].exit_code == 3
    system.calls.clear()
    assert (await backend.changes(Cursor("c"))).seen == {}
    assert (system.calls, road.since, road.followed) == ([], [None, "c", "c"], set())


async def test_what_was_killed_is_asked_about(backend: FollowedBackend, system: ToySystem) -> None:
    first, second = await submitted(backend, system, 2)
    await backend.kill([first])
    system.becomes(first, JobStatus.KILLED)
    assert set((await backend.changes(None)).seen) == {first}
    assert second not in (await backend.changes(None)).seen


async def test_a_hint_that_comes_to_nothing_is_left_to_the_sweep(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    await hinted_at(backend, system, road)
    for _ in range(100):
        await backend.changes(None)
    assert system.calls == [("toyq",)] * 10


async def test_an_end_that_the_system_knows_long_after_its_log_is_told_all_the_same(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    """Slurm writes its line when a job begins to complete, which may last."""
    native_id = await hinted_at(backend, system, road)
    for _ in range(50):
        await backend.changes(None)
    system.becomes(native_id, JobStatus.FAILED, code=3)
    told = [(await backend.changes(None)).seen for _ in range(10)]
    assert [seen[native_id].exit_code for seen in told if seen] == [3]


async def test_of_jobs_whose_news_may_have_been_missed_the_system_is_asked_once(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    """At the latest when it answers again; what is hinted at meanwhile is followed up as ever."""
    first, second = await submitted(backend, system, 2)
    road.next = News(missed=frozenset({first, second, NativeId("999")}))
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await backend.changes(None)
    system.calls.clear()
    road.next = News(hints=frozenset({second}))
    assert set((await backend.changes(None)).seen) == {first, second}
    road.next = News()
    assert [set((await backend.changes(None)).seen) for _ in range(3)] == [{second}] * 3
    for _ in range(100):
        await backend.changes(None)
    assert system.calls == [("toyq",)] * 10


async def test_an_end_that_was_in_the_news_before_its_job_was_known_is_asked_for(
    backend: FollowedBackend, system: ToySystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand jobs the first ones may have ended before the last ones are submitted."""
    run = system.run

    async def run_and_look(command: Command) -> Reply:
        reply = await run(command)
        if command.argv[0] == "toysub":
            await backend.changes(None)
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(system, "run", run_and_look)
        (native_id,) = await submitted(backend, system)
    system.becomes(native_id, JobStatus.FAILED, code=3)
    assert (await backend.changes(None)).seen[native_id].exit_code == 3


async def test_an_end_that_was_in_the_news_before_its_job_was_found_is_asked_for(
    backend: FollowedBackend, system: ToySystem, work: Path, road: ToyRoad
) -> None:
    (native_id,) = await submitted(backend, system)
    after_a_restart = followed_on(system, work, road, count(0.0, 60.0).__next__)
    await after_a_restart.changes(Cursor("c"))
    system.becomes(native_id, JobStatus.FAILED, code=3)
    await after_a_restart.find([submission().tag])
    assert set((await after_a_restart.changes(Cursor("c"))).seen) == {native_id}


async def test_hints_wait_a_little_after_each_question(system: ToySystem, work: Path, road: ToyRoad) -> None:
    """One question speaks of all jobs, so those that end all the time need no more of them than those that end now and
    then.
    """
    clock = Clock()
    backend = followed_on(system, work, road, clock)
    first, second = await submitted(backend, system, 2)
    told = []
    for clock.now, ended in ((0.0, first), (1.0, second), (2.4, second), (2.5, second)):
        system.becomes(ended, JobStatus.FAILED, code=3)
        road.next = News(hints=frozenset({ended}))
        told.append(set((await backend.changes(None)).seen))
    assert told == [{first}, set(), set(), {second}]
    assert system.calls == [("toyq",)] * 2


async def test_hints_wait_after_a_sweep_too_but_not_after_a_question_that_failed(
    system: ToySystem, work: Path, road: ToyRoad
) -> None:
    clock = Clock()
    backend = followed_on(system, work, road, clock)
    first, second = await submitted(backend, system, 2)
    road.next = News(hints=frozenset({second}))
    assert set((await backend.changes(None)).seen) == {second}
    clock.now = 2.4
    await backend.poll([first])
    clock.now = 5.3
    assert await backend.changes(None) == Answer()
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await backend.poll([first])
    road.next = News()
    assert set((await backend.changes(None)).seen) == {second}


async def test_hints_are_followed_up_however_often_people_ask(system: ToySystem, work: Path, road: ToyRoad) -> None:
    clock = Clock()
    backend = followed_on(system, work, road, clock)
    first, second = await submitted(backend, system, 2)
    road.next = News(hints=frozenset({second}))
    told = []
    for clock.now in range(14):
        await backend.poll([first])
        told.append(bool((await backend.changes(None)).seen))
    assert [now for now, seen in enumerate(told) if seen] == [0, 6, 12]


async def test_a_job_at_which_is_hinted_and_that_is_not_there_is_not_denied(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    (native_id,) = await submitted(backend, system)
    del system.queue[native_id]
    road.next = News(hints=frozenset({native_id}))
    answer = await backend.changes(None)
    assert (answer.seen, answer.absent) == ({}, frozenset())


async def test_hints_outlive_an_outage(backend: FollowedBackend, system: ToySystem, road: ToyRoad) -> None:
    (native_id,) = await submitted(backend, system)
    road.next = News(hints=frozenset({native_id}))
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await backend.changes(None)
    road.next = News()
    assert native_id in (await backend.changes(None)).seen


async def test_who_is_followed(backend: FollowedBackend, system: ToySystem, road: ToyRoad) -> None:
    """What was submitted, found or asked about, until it has ended or is not needed any more."""
    first, second = await submitted(backend, system, 2)
    found = (await backend.find([submission(1).tag])).present.values()
    await backend.poll([NativeId("77")])
    await backend.changes(None)
    assert road.followed == {first, second, NativeId("77"), *found}
    road.next = News(told={first: FAILED})
    assert (await backend.changes(None)).seen == {first: FAILED}
    await backend.discard([second])
    await backend.changes(None)
    assert road.followed == {NativeId("77")}


async def test_that_nothing_is_new_is_no_answer_while_the_system_is_away(
    backend: FollowedBackend, system: ToySystem, road: ToyRoad
) -> None:
    (job,) = await submitted(backend, system)
    assert await backend.changes(None) == Answer()
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable) as away:
        await backend.poll([job])
    with pytest.raises(BackendUnavailable, match=re.escape(str(away.value))):
        await backend.changes(None)
    road.next = News({job: FAILED})
    assert (await backend.changes(None)).seen == {job: FAILED}
    road.next = News()
    await backend.poll([job])
    assert await backend.changes(None) == Answer()
