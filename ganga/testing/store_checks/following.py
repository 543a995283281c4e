"""What everybody reads of a store: lists, counts, events, and waiting for news."""

import asyncio

from ganga.model.event import EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.status import JobStatus
from ganga.store.base import Query, Store
from ganga.testing.store_checks.kit import (
    AT,
    HERE,
    THERE,
    Check,
    become,
    expect,
    ids,
    new_job,
    take,
    told,
)

#: Seconds that a check waits for what ought to happen at once.
LIMIT = 10.0


async def a_store_says_which_it_is(store: Store) -> None:
    """By eight hexadecimal digits, and by a place for people."""
    expect("the id", (len(store.id), set(store.id) - set("0123456789abcdef")), (8, set()))
    expect("whether there is a location", bool(store.location), expected=True)


async def lists_come_newest_first_in_pages(store: Store) -> None:
    """Subjobs behind their job from index 0 on, and only where they are asked for."""
    await store.create(new_job(11), AT)
    await store.create(new_job(), AT)
    await store.create(new_job(2), AT)
    subjobs = [JobId(f"1.{index}") for index in range(11)]
    every = [JobId("3"), JobId("3.0"), JobId("3.1"), JobId("2"), JobId("1"), *subjobs]
    for query, expected in (
        (Query(subjobs=True), every),
        (Query(), [JobId("3"), JobId("2"), JobId("1")]),
        (Query(parent=JobId("1")), subjobs),
        (Query(parent=JobId("2")), []),
        (Query(parent=JobId("1.0")), []),
        (Query(parent=JobId("9")), []),
    ):
        for limit in (1, 2, 5, 1000):
            found: list[JobId] = []
            while page := await store.select(query, after=found[-1] if found else None, limit=limit):
                expect("the length of a page", len(page), min(limit, len(expected) - len(found)))
                found += ids(page)
            expect(f"what {query} chooses", found, expected)
    expect("behind a subjob, whole jobs only", ids(await store.select(Query(), after=JobId("3.1"))), every[3:5])


async def each_condition_narrows_the_choice(store: Store) -> None:
    """By status, target and name; the same jobs are counted."""
    await store.create(new_job(2, name="fit-1"), AT)
    await store.create(new_job(name="Fit-2", target=THERE), AT)
    await store.create(new_job(name="fit-3", target=THERE, status=JobStatus.NEW), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.RUNNING, JobId("1"), JobId("1.1"))
    running, new = frozenset({JobStatus.RUNNING}), JobStatus.NEW
    for query, expected in (
        (Query(statuses=running), ["1"]),
        (Query(statuses=running, subjobs=True), ["1", "1.1"]),
        (Query(statuses=running | {new}), ["3", "1"]),
        (Query(targets=frozenset({THERE})), ["3", "2"]),
        (Query(targets=frozenset({THERE, HERE}), name="fit-*"), ["3", "1"]),
        (Query(targets=frozenset({TargetName("\udc80")})), []),
        (Query(name="fit-*", statuses=frozenset({new}), parent=JobId("1")), []),
        (Query(name="?it-[!1]"), ["3", "2"]),
        (Query(name="fit"), []),
        (Query(name="\udc80"), []),
    ):
        found = await store.select(query)
        expect(f"what {query} chooses", ids(found), expected)
        counts = {status: sum(record.status is status for record in found) for status in JobStatus}
        expected_counts = {status: number for status, number in counts.items() if number}
        expect(f"how many {query} chooses", dict(await store.count(query)), expected_counts)


async def names_may_be_any_text(store: Store) -> None:
    """Newlines, emoji, quotes, zeros, 10,000 characters."""
    names = ["", "a\nb", "\U0001f600", "'; DROP TABLE jobs; --", "a\0b", "[x]*?", "x" * 10_000, "\ufeffé", "123", "%_"]
    for name in names:
        await store.create(new_job(name=name), AT)
    expect("the names", [record.name for record in await store.select(Query())], names[::-1])
    for pattern, expected in (("a?b", ["a\0b", "a\nb"]), ("[[]x]*", ["[x]*?"]), ("[[]x][*][?]", ["[x]*?"]), ("", [""])):
        expect(pattern, [record.name for record in await store.select(Query(name=pattern))], expected)


async def records_come_in_the_order_asked_for(store: Store) -> None:
    """As often as they are asked for."""
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    asked = [JobId("2"), JobId("1.1"), JobId("1"), JobId("2")]
    expect("the records", ids(await store.get(asked)), asked)
    expect("none", await store.get([]), [])


async def events_are_read_from_any_number_on(store: Store) -> None:
    """In pages, of all jobs or of one with its subjobs."""
    expect("the number at first", await store.last_seq(), 0)
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    await store.pause(HERE, paused=True, by="ann", at=AT)
    await store.request_refresh([JobId("1.1"), JobId("2"), JobId("1")], AT)
    expect("the last number", await store.last_seq(), 6)
    everything = await store.events(Seq(0))
    expect("the numbers", [event.seq for event in everything], [1, 2, 3, 4, 5, 6])
    expect("a page", await store.events(Seq(2), limit=2), everything[2:4])
    expect("of a job", [event.seq for event in await store.events(Seq(0), job=JobId("1"))], [1, 4, 6])
    expect("of a job, a page", [event.seq for event in await store.events(Seq(1), job=JobId("1"), limit=1)], [4])
    expect("of a subjob", [event.seq for event in await store.events(Seq(0), job=JobId("1.1"))], [4])
    expect("of nobody", await store.events(Seq(0), job=JobId("9")), [])
    expect("behind the last", await store.events(Seq(6)), [])
    expect("far behind the last", await store.events(Seq(10**30)), [])


async def waiting_ends_with_news(store: Store) -> None:
    """At once where there is news already, as soon as it is written, and in time where there is none."""
    expect("nothing new", await store.wait(Seq(0), 0.01), expected=False)
    waiters = [asyncio.create_task(store.wait(Seq(after), LIMIT)) for after in (0, 0, 0, 1)]
    await asyncio.sleep(0)
    await store.create(new_job(), AT)
    expect("something new", await asyncio.gather(*waiters[:3]), [True, True, True])
    expect("something new already", await store.wait(Seq(0), LIMIT), expected=True)
    await store.request_refresh([JobId("1")], AT)
    expect("the next event", await waiters[3], expected=True)
    expect("nothing behind it", await store.wait(Seq(2), 0.0), expected=False)


async def a_wait_can_be_given_up(store: Store) -> None:
    """And another goes on."""
    given_up = asyncio.create_task(store.wait(Seq(0), LIMIT))
    other = asyncio.create_task(store.wait(Seq(0), LIMIT))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    expect("whether it was given up", given_up.cancelled(), expected=True)
    await store.create(new_job(), AT)
    expect("the other", await other, expected=True)


async def verbs_called_at_once_do_not_mix(store: Store) -> None:
    """Each job has its own number, each event comes once, in order."""
    await asyncio.gather(*(store.create(new_job(2, name=str(number)), AT) for number in range(20)))
    jobs = [JobId(str(number)) for number in range(1, 21)]
    await asyncio.gather(*(store.request_kill([job], "ann", AT) for job in jobs))
    records = await store.select(Query())
    expect("the numbers", sorted(int(record.id) for record in records), list(range(1, 21)))
    expect("the names", sorted(int(record.name) for record in records), list(range(20)))
    events = await told(store)
    expect("the jobs created", sorted(events[:20]), sorted((EventKind.JOB_CREATED, job) for job in jobs))
    expect("the kills", sorted(events[20:]), sorted((EventKind.KILL_REQUESTED, job) for job in jobs))


CHECKS: tuple[Check, ...] = (
    a_store_says_which_it_is,
    lists_come_newest_first_in_pages,
    each_condition_narrows_the_choice,
    names_may_be_any_text,
    records_come_in_the_order_asked_for,
    events_are_read_from_any_number_on,
    waiting_ends_with_news,
    a_wait_can_be_given_up,
    verbs_called_at_once_do_not_mix,
)
