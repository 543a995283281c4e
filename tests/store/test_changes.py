"""Whoever waits for some jobs is told which jobs the events speak of, in as many pages as it takes."""

from ganga.model.clock import Utc
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobSpec
from ganga.split import repeat
from ganga.store.base import NewJob
from ganga.store.changes import PAGE, Changes
from ganga.store.memory import MemoryStore

AT, HERE = Utc(0.0), TargetName("here")


async def test_jobs_and_their_parents_are_told_once() -> None:
    store = MemoryStore()
    await store.create(NewJob(JobSpec(command=("true",)), HERE, shares=repeat(2)), AT)
    await store.pause(HERE, paused=True, by="ada", at=AT)
    changes = Changes(store, await store.last_seq())
    assert await changes.wait(0.0) == set()
    await store.request_kill([JobId("1.1")], "ada", AT)
    assert await changes.wait(0.0) == {"1", "1.1"}
    assert await changes.wait(0.0) == set()


async def test_more_than_a_page_is_told_at_once() -> None:
    store = MemoryStore()
    for _ in range(PAGE + 1):
        await store.create(NewJob(JobSpec(command=("true",)), HERE), AT)
    await store.pause(HERE, paused=True, by="ada", at=AT)
    assert len(await Changes(store, Seq(0)).wait(0.0) or ()) == PAGE + 1
    assert len(await Changes(store, Seq(2)).wait(0.0) or ()) == PAGE - 1


async def test_where_events_were_forgotten_any_job_may_have_changed() -> None:
    store = MemoryStore()
    for _ in range(4):
        await store.create(NewJob(JobSpec(command=("true",)), HERE), AT)
    changes = Changes(store, Seq(1))
    await store.forget_events(Seq(3))
    assert await changes.wait(0.0) is None
    assert await changes.wait(0.0) == set()
    await store.request_kill([JobId("1")], "ada", AT)
    assert await changes.wait(0.0) == {"1"}
