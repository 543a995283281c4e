"""What leaves a store and comes into it: moves, and what is forgotten."""

from msgspec.structs import replace

from ganga.errors import EventsForgotten, StoreUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.store.base import Query, Store
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.testing.store_checks.kit import (
    AT,
    HERE,
    THERE,
    Check,
    become,
    expect,
    expect_error,
    ids,
    new_job,
    take,
)

_ARRIVING = Passage(step=Step.ARRIVING, place="there", mark="a")
_HEAD = Head(id="01234567", last_job=9, last_seq=Seq(7), forgotten=Seq(5))
_RECORD = JobRecord(
    id=JobId("4"),
    name="fit",
    target=HERE,
    status=JobStatus.RUNNING,
    created_at=AT,
    subjobs=2,
    attempt=2,
    wanted_attempt=3,
    kill_requested_by="ada",
)
_JOBS = (
    StoredJob(record=_RECORD, spec=JobSpec(command=("true",), name="fit"), handed_over=2),
    StoredJob(record=replace(_RECORD, id=JobId("4.0"), subjobs=None), share=Share(arguments=("0",))),
    StoredJob(
        record=replace(_RECORD, id=JobId("4.1"), subjobs=None),
        attempts=(replace(_RECORD, id=JobId("4.1"), subjobs=None, attempt=1, status=JobStatus.FAILED),),
    ),
)
_EVENTS = tuple(
    Event(seq=Seq(seq), at=AT, kind=EventKind.DETAILS_CHANGED, target=HERE, job=JobId("4")) for seq in (6, 7)
)
_TARGETS = (
    StoredTarget(name=HERE, epoch=7, state=TargetState(name=HERE, error="away", paused=True)),
    StoredTarget(name=THERE, epoch=2),
)


async def what_is_loaded_is_what_is_dumped(store: Store) -> None:
    """With the id, the counters and the epochs; loaded twice or in parts, it is the same."""
    whole = Portion(head=_HEAD, targets=_TARGETS, jobs=_JOBS, events=_EVENTS)
    parts = (Portion(head=_HEAD, jobs=_JOBS[:2]), Portion(jobs=_JOBS[2:], events=_EVENTS[:1]), whole, whole)
    for part in parts:
        await store.load(part, _ARRIVING)
    expect("the progress", (await store.head()).passage, _ARRIVING)
    await store.pass_over(None)
    expect("the id", store.id, _HEAD.id)
    expect("the head", await store.head(), _HEAD)
    expect("the jobs", await store.dump(), list(_JOBS))
    expect("a page of the jobs", await store.dump(after=JobId("4"), limit=1), [_JOBS[1]])
    expect("the events", await store.events(Seq(0)), list(_EVENTS))
    expect("the targets", await store.stored_targets(), list(_TARGETS))
    expect("the states", await store.target_states(), {HERE: _TARGETS[0].state})
    expect("the attempts", await store.attempts(JobId("4.1")), list(_JOBS[2].attempts))
    expect("the next epoch", (await take(store)).epoch, 8)
    expect("the next number", (await store.create(new_job(), AT)).id, "10")
    expect("the next event", await store.last_seq(), 8)


async def only_an_empty_store_takes_another_in(store: Store) -> None:
    """And only of one move; what comes back must have been of this store."""
    await store.load(Portion(head=_HEAD), _ARRIVING)
    await expect_error("another move", UsageError, store.load(Portion(), replace(_ARRIVING, mark="b")))
    await store.pass_over(None)
    await expect_error("a store in use", UsageError, store.load(Portion(head=_HEAD), _ARRIVING))
    other = replace(_HEAD, id="76543210")
    await expect_error("the head of another store", UsageError, store.load(Portion(head=other)))
    await store.load(Portion(head=replace(_HEAD, last_job=3, forgotten=Seq(0)), events=_EVENTS))
    expect("the head", await store.head(), replace(_HEAD, forgotten=Seq(0)))


async def a_store_that_moves_is_only_read(store: Store) -> None:
    """Nobody holds a lease of it; it goes on when the move is given up."""
    job = await store.create(new_job(), AT)
    lease = await take(store)
    leaving = Passage(step=Step.LEAVING, place="there", mark="a")
    await expect_error("an end without a beginning", UsageError, store.pass_over(replace(leaving, step=Step.LEFT)))
    for passage in (leaving, leaving, replace(leaving, step=Step.LEFT)):
        await store.pass_over(passage)
        expect("the passage", (await store.head()).passage, passage)
        await expect_error("a new job", StoreUnavailable, store.create(new_job(), AT))
        await expect_error("a lease", StoreUnavailable, store.acquire(HERE, "{}"))
        await expect_error("a lease kept", StoreUnavailable, store.renew(lease))
        await expect_error("a job forgotten", StoreUnavailable, store.prune([job.id], Seq(1)))
        await expect_error("a job brought back", StoreUnavailable, store.load(Portion(jobs=_JOBS)))
        expect("the holder", await store.holder(HERE), None)
        expect("the job", await store.get([job.id]), [job])
    await store.pass_over(None)
    expect("the next epoch", (await take(store)).epoch, lease.epoch + 1)


async def final_jobs_are_forgotten_in_small_steps(store: Store) -> None:
    """With all that is theirs, unless something was said of them since; their events stay."""
    for many in (7, None, None, 2):
        await store.create(new_job(many), AT)
    lease = await take(store)
    subjobs = [JobId(f"1.{index}") for index in range(7)]
    await become(store, lease, JobStatus.COMPLETED, JobId("1"), *subjobs, JobId("2"), JobId("4"), JobId("4.0"))
    as_of = await store.last_seq()
    await become(store, lease, JobStatus.LOST, JobId("2"))
    every = [JobId(str(number)) for number in (1, 2, 3, 4, 9)]
    while await store.prune(every, as_of, limit=3):
        seen = ids(await store.select(Query(subjobs=True)))
        expect("a job half forgotten", [job for job in seen if job.startswith("1")], [])
    expect("what stays", ids(await store.select(Query(subjobs=True))), ["4", "4.0", "4.1", "3", "2"])
    expect("the specifications", dict(await store.specifications(subjobs)), {})
    expect("the events", await store.last_seq(), as_of + 1)
    await expect_error("a subjob", UsageError, store.prune([JobId("4.0")], as_of))
    expect("the next number", (await store.create(new_job(), Utc(0.0))).id, "5")


async def forgotten_events_are_missed_by_nobody_unawares(store: Store) -> None:
    """Who reads on behind one of them is told so; no number is given twice."""
    for _ in range(5):
        await store.create(new_job(), AT)
    while await store.forget_events(Seq(3), limit=2):
        pass
    expect("those from the first", [event.seq for event in await store.events(Seq(0))], [4, 5])
    expect("those behind", [event.seq for event in await store.events(Seq(3))], [4, 5])
    await expect_error("those behind a forgotten one", EventsForgotten, store.events(Seq(2)))
    await expect_error("of a job", EventsForgotten, store.events(Seq(1), job=JobId("1")))
    expect("what was forgotten", (await store.head()).forgotten, 3)
    expect("whether there is more", await store.forget_events(Seq(99)), expected=False)
    expect("the last number", await store.last_seq(), 5)
    await store.create(new_job(), AT)
    expect("the next number", [event.seq for event in await store.events(Seq(5))], [6])


CHECKS: tuple[Check, ...] = (
    what_is_loaded_is_what_is_dumped,
    only_an_empty_store_takes_another_in,
    a_store_that_moves_is_only_read,
    final_jobs_are_forgotten_in_small_steps,
    forgotten_events_are_missed_by_nobody_unawares,
)
