"""What people ask for is passed on in order, each with the records as the store has them at that moment."""

import asyncio
from contextlib import aclosing

from ganga.core.orders import Requested
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.monitor.requests import EVENTS, RECORDS, Requests
from ganga.split import repeat
from ganga.store.base import NewJob
from ganga.store.memory import MemoryStore
from tests.monitor.doubles import at

HERE, THERE = TargetName("here"), TargetName("there")
SPEC = JobSpec(command=("true",))


def requests(store: MemoryStore) -> Requests:
    return Requests(HERE, store)


async def create(store: MemoryStore, target: TargetName = HERE, subjobs: int | None = None) -> JobId:
    shares = None if subjobs is None else repeat(subjobs)
    return (await store.create(NewJob(SPEC, target, shares=shares), at(0))).id


async def parts(store: MemoryStore, event: Event) -> list[Requested]:
    return [part async for part in requests(store).about(event)]


async def last_event(store: MemoryStore) -> Event:
    return (await store.events(Seq(await store.last_seq() - 1)))[0]


async def test_all_that_is_live_is_stored_and_what_was_handed_over_is_in_doubt() -> None:
    store = MemoryStore()
    await create(store)
    await create(store, THERE)
    await create(store, subjobs=RECORDS)
    lease = await store.acquire(HERE, "ada")
    assert lease is not None
    await store.hand_over([JobId("1"), JobId("3.1")], lease)
    first, *pages = [part async for part in requests(store).stored()]
    assert first == Requested(HERE, families={JobId("3"): {JobStatus.SUBMITTING: RECORDS}})
    assert [len(page.records) for page in pages] == [RECORDS, 2]
    assert {page.in_doubt for page in pages} == {frozenset({"1", "3.1"})}
    assert [record.id for record in pages[0].records[:3]] == ["1", "3", "3.0"]


async def test_a_page_that_is_just_full_may_be_the_last() -> None:
    store = MemoryStore()
    for _ in range(RECORDS):
        await create(store)
    assert [len(part.records) async for part in requests(store).stored()] == [0, RECORDS]


async def test_each_request_for_the_target_is_told_once_and_in_order() -> None:
    store = MemoryStore()
    before = await create(store)
    seq = await store.last_seq()
    await store.request_kill([before], "ada", at(1))
    await create(store, THERE)
    async with aclosing(requests(store).behind(seq)) as events:
        assert (await anext(events)).kind is EventKind.KILL_REQUESTED
        coming = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not coming.done()
        await store.pause(HERE, paused=True, by="ada", at=at(2))
        assert (await coming).kind is EventKind.TARGET_PAUSED


async def test_more_requests_than_fit_on_a_page_are_all_told() -> None:
    store = MemoryStore()
    for _ in range(EVENTS + 2):
        await create(store)
    async with aclosing(requests(store).behind(Seq(0))) as events:
        told = [(await anext(events)).job for _ in range(EVENTS + 2)]
    assert told == [str(number) for number in range(1, EVENTS + 3)]


async def test_a_request_about_a_job_comes_with_its_counts_and_all_its_records() -> None:
    store = MemoryStore()
    job = await create(store, subjobs=RECORDS + 1)
    first, *pages = await parts(store, await last_event(store))
    assert first == Requested(HERE, families={job: {JobStatus.SUBMITTING: RECORDS + 1}})
    assert [len(page.records) for page in pages] == [RECORDS, 2]
    assert pages[0].records[0].id == job
    assert not any(page.in_doubt or page.refresh for page in pages)


async def test_a_request_about_a_subjob_comes_behind_its_job() -> None:
    store = MemoryStore()
    job = await create(store, subjobs=2)
    await store.request_kill([JobId("1.1")], "ada", at(1))
    first, second = await parts(store, await last_event(store))
    assert [record.id for record in first.records] == [job]
    assert [(record.id, record.kill_requested_by) for record in second.records] == [("1.1", "ada")]


async def test_a_refresh_names_the_jobs_to_ask_about() -> None:
    store = MemoryStore()
    job = await create(store)
    await store.request_refresh([job], at(1))
    _, page = await parts(store, await last_event(store))
    assert page.refresh == (job,)


async def test_a_pause_and_its_end() -> None:
    store = MemoryStore()
    await store.pause(HERE, paused=True, by="ada", at=at(1))
    assert await parts(store, await last_event(store)) == [Requested(HERE, paused=True)]
    await store.pause(HERE, paused=False, by="ada", at=at(1))
    assert await parts(store, await last_event(store)) == [Requested(HERE, paused=False)]


async def test_a_removal() -> None:
    store = MemoryStore()
    await store.create(NewJob(SPEC, HERE, JobStatus.NEW, repeat(2)), at(0))
    await store.request_refresh([JobId("1.0")], at(0))
    refreshed = await last_event(store)
    await store.remove([JobId("1")], at(1))
    assert await parts(store, await last_event(store)) == [Requested(HERE, removed=(JobId("1"),))]
    assert await parts(store, refreshed) == [], "removed meanwhile: that is the next request"


async def test_news_of_a_target_is_nobodys_request() -> None:
    event = Event(at=at(0), kind=EventKind.TARGET_DOWN, target=HERE)
    assert await parts(MemoryStore(), event) == []
