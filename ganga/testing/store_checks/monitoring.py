"""What a monitor does with a store: leases, saving, and reading what it takes over."""

from msgspec.structs import replace

from ganga.errors import LeaseLost, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.identity import Identity
from ganga.model.ids import JobId, NativeId, Seq, TargetName
from ganga.model.job import TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Holder, Lease, Query, Store
from ganga.testing.store_checks.kit import (
    AT,
    HERE,
    LATER,
    THERE,
    Check,
    become,
    expect,
    expect_error,
    ids,
    new_job,
    save,
    take,
    told,
)

ONE, TWO = JobId("1"), JobId("2")
FIRST, SECOND = JobId("1.0"), JobId("1.1")


async def a_record_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field that is the monitor's, and the events numbered."""
    record = await store.create(new_job(), AT)
    full = replace(
        record,
        status=JobStatus.COMPLETING,
        attempt=2,
        native_id=NativeId("0012"),
        native_status="OUT_OF_MEMORY",
        exit_code=-3,
        signal=9,
        reason="too big: ü\n\U0001f600\0 " + "x" * 10_000,
        outcome=JobStatus.FAILED,
        submitted_at=AT,
        started_at=LATER,
        ended_at=Utc(LATER + 0.001),
        confirmed_at=LATER,
        silent_since=LATER,
        place="LCG.CERN.ch",
        peak_memory=2**40,
        cpu_time=0.1,
        restart=4,
        wanted_attempt=2,
    )
    lease = await take(store)
    event = Event(
        at=LATER,
        kind=EventKind.STATUS_CHANGED,
        target=HERE,
        job=ONE,
        old=JobStatus.SUBMITTING,
        new=JobStatus.COMPLETING,
        attempt=2,
        reason="over",
    )
    news = Event(at=LATER, kind=EventKind.TARGET_DOWN, target=HERE)
    saved = await store.save(Update(HERE, (full,), (record,), (event, news)), lease)
    expect("the events", saved, (replace(event, seq=Seq(2)), replace(news, seq=Seq(3))))
    expect("the events as they are read", await store.events(Seq(1)), list(saved))
    expect("the record", await store.get([ONE]), [full])
    expect("the attempts", await store.attempts(ONE), [record])


async def what_belongs_to_others_is_not_saved(store: Store) -> None:
    """Who asked for what is theirs to write, and what is fixed at creation is nobody's."""
    record = await store.create(new_job(status=JobStatus.NEW), AT)
    await store.request_kill([ONE], "ann", AT)
    await store.request_submit([ONE], AT)
    await store.request_kill([ONE], "bob", AT)
    lease = await take(store)
    stale = replace(
        record, name="x", target=THERE, created_at=LATER, subjobs=5, postprocessed=True, status=JobStatus.RUNNING
    )
    await save(store, lease, stale)
    expected = replace(record, status=JobStatus.RUNNING, kill_requested_by="bob", wanted_attempt=1)
    expect("the record", await store.get([ONE]), [expected])
    await save(store, lease, replace(stale, attempt=3, wanted_attempt=3))
    expect("the attempt wanted", (await store.get([ONE]))[0].wanted_attempt, 3)


async def a_request_to_kill_ends_with_its_attempt(store: Store) -> None:
    """Where the next one begins; one that goes on is still to be killed."""
    await store.create(new_job(4), AT)
    lease = await take(store)
    await store.request_kill([ONE], "ann", AT)
    members = [JobId(f"1.{index}") for index in range(4)]
    ends = (JobStatus.KILLED, JobStatus.COMPLETED, JobStatus.LOST, JobStatus.RUNNING)
    for member, end in zip(members, ends, strict=True):
        await become(store, lease, end, member)
    await save(store, lease, *await store.get(members))
    expect("while it lasts", {record.kill_requested_by for record in await store.get(members)}, {"ann"})
    again = [replace(record, status=JobStatus.SUBMITTED, attempt=2) for record in await store.get(members)]
    await save(store, lease, *again)
    wanted_by = [record.kill_requested_by for record in await store.get(members)]
    expect("of the next attempts", wanted_by, [None, None, "ann", "ann"])


async def a_removed_job_is_not_saved(store: Store) -> None:
    """Its record and its attempts are left out, and the rest is written."""
    gone = await store.create(new_job(status=JobStatus.NEW), AT)
    await store.create(new_job(), AT)
    await store.remove([ONE], AT)
    lease = await take(store)
    other = replace((await store.get([TWO]))[0], status=JobStatus.RUNNING)
    await save(store, lease, gone, other, attempts=[gone])
    expect("the jobs", await store.select(Query(subjobs=True)), [other])
    expect("the attempts", await store.attempts(ONE), [])


async def attempts_are_kept_in_order(store: Store) -> None:
    """Each once, however often it is saved."""
    record = await store.create(new_job(1), AT)
    lease = await take(store)
    ends = [replace(record, id=FIRST, subjobs=None, attempt=attempt, reason="\u2028") for attempt in (2, 1, 2)]
    for end in ends:
        await save(store, lease, attempts=[end])
    expect("the attempts", await store.attempts(FIRST), [ends[1], ends[2]])
    expect("the attempts of the job", await store.attempts(ONE), [])


async def text_that_cannot_be_stored_is_replaced(store: Store) -> None:
    """News must not be lost over it."""
    record = replace(await store.create(new_job(), AT), reason="a\udc80b", exit_code=2**80)
    lease = await take(store)
    event = Event(at=AT, kind=EventKind.DETAILS_CHANGED, target=HERE, job=ONE, reason="\ud800")
    state = TargetState(name=HERE, error="\udfff")
    saved = await store.save(Update(HERE, (record,), (record,), (event,), state), lease)
    kept = replace(record, reason="a\ufffdb", exit_code=2**63 - 1)
    expect("the event", saved, (replace(event, reason="\ufffd", seq=Seq(2)),))
    expect("the record and the attempt", await store.get([ONE]) + await store.attempts(ONE), [kept, kept])
    expect("the state", await store.target_states(), {HERE: replace(state, error="\ufffd")})


async def the_state_of_a_target_is_kept(store: Store) -> None:
    """All of it is the monitor's to write, except whether it is paused."""
    lease = await take(store)
    await store.pause(HERE, paused=True, by="ann", at=AT)
    state = TargetState(
        name=HERE,
        confirmed_at=AT,
        down_since=LATER,
        error="away",
        cursor="c",
        stuck_threads=2,
        identity=Identity(name="ada of users", expires_at=LATER, warn_before=60.0),
        expiry_told=True,
    )
    for written in (state, TargetState(name=HERE)):
        await store.save(Update(HERE, state=written), lease)
        expect("the states", await store.target_states(), {HERE: replace(written, paused=True)})
    other = await take(store, THERE)
    await store.save(Update(THERE, state=replace(state, name=THERE, paused=True)), other)
    expect("another state", (await store.target_states())[THERE], replace(state, name=THERE))


async def a_lease_has_one_holder(store: Store) -> None:
    """Who would take it must know exactly who holds it; each holder has a larger epoch."""
    expect("the holder at first", await store.holder(HERE), None)
    first = await store.acquire(HERE, '{"pid": 1}')
    expect("the first lease", first, Lease(HERE, 1))
    holder = Holder(HERE, '{"pid": 1}', 1, 0)
    expect("the holder", await store.holder(HERE), holder)
    expect("a second lease", await store.acquire(HERE, "b"), None)
    expect("instead of somebody else", await store.acquire(HERE, "b", replace(holder, owner="x")), None)
    await store.renew(Lease(HERE, 1))
    beat = replace(holder, beat=1)
    expect("the holder, renewed", await store.holder(HERE), beat)
    expect("instead of one that lives", await store.acquire(HERE, "b", holder), None)
    expect("instead of the holder", await store.acquire(HERE, "b", beat), Lease(HERE, 2))
    expect("the next holder", await store.holder(HERE), Holder(HERE, "b", 2, 0))
    expect("the lease of another target", await store.acquire(THERE, "b", beat), Lease(THERE, 1))


async def a_released_lease_is_free(store: Store) -> None:
    """The epoch goes on; a release that comes late does nothing."""
    first = await take(store)
    await store.release(first)
    await store.release(first)
    expect("the holder", await store.holder(HERE), None)
    gone = Holder(HERE, "{}", 1, 0)
    expect("the next lease", await store.acquire(HERE, "b", gone), Lease(HERE, 2))
    await store.release(first)
    expect("the holder after a late release", await store.holder(HERE), Holder(HERE, "b", 2, 0))
    await store.release(Lease(TargetName("nowhere"), 1))


async def who_lost_the_lease_writes_nothing(store: Store) -> None:
    """Neither after a takeover nor after a release."""
    record = await store.create(new_job(), AT)
    lost, seq = await take(store), await store.last_seq()
    await store.acquire(HERE, "b", await store.holder(HERE))
    changed = replace(record, status=JobStatus.RUNNING)
    state = TargetState(name=HERE, error="x")
    event = Event(at=AT, kind=EventKind.TARGET_DOWN, target=HERE)
    await expect_error("saving", LeaseLost, store.save(Update(HERE, (changed,), (record,), (event,), state), lost))
    await expect_error("renewing", LeaseLost, store.renew(lost))
    second = Lease(HERE, 2)
    await store.release(second)
    await expect_error("saving after a release", LeaseLost, save(store, second, changed))
    await expect_error("renewing after a release", LeaseLost, store.renew(second))
    await expect_error("saving with nobody's lease", LeaseLost, store.save(Update(THERE), Lease(THERE, 1)))
    await expect_error("saving with another target's lease", UsageError, store.save(Update(THERE), second))
    expect("the record", await store.get([ONE]), [record])
    expect("attempts, states, events", [await store.attempts(ONE), await store.target_states()], [[], {}])
    expect("the events", await told(store, seq), [])


async def what_is_live_is_read_in_pages(store: Store) -> None:
    """Jobs and subjobs that are not final or of which an attempt is wanted, a job before its subjobs."""
    await store.create(new_job(3), AT)
    await store.create(new_job(target=THERE), AT)
    for _ in range(9):
        await store.create(new_job(status=JobStatus.NEW), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.COMPLETED, SECOND, JobId("3"), JobId("10"))
    expected = [ONE, FIRST, JobId("1.2"), *(JobId(str(number)) for number in (4, 5, 6, 7, 8, 9, 11))]
    for limit in (1, 2, 3, 100):
        found: list[JobId] = []
        while page := await store.live(HERE, after=found[-1] if found else None, limit=limit):
            expect("the length of a page", len(page), min(limit, len(expected) - len(found)))
            found += ids(page)
        expect("the live jobs", found, expected)
    expect("those of the other target", ids(await store.live(THERE)), [TWO])
    expect("behind what is gone", ids(await store.live(HERE, after=JobId("10.7"))), [JobId("11")])
    await store.request_submit([JobId("10")], AT)
    expect("one wanted again", ids(await store.live(HERE, after=JobId("9"))), [JobId("10"), JobId("11")])


async def a_job_is_live_with_its_wanted_subjobs(store: Store) -> None:
    """A monitor that takes over needs both, even if the job was final."""
    await store.create(new_job(2), AT)
    await store.create(new_job(2), AT)
    lease = await take(store)
    every = [ONE, FIRST, SECOND, TWO, JobId("2.0"), JobId("2.1")]
    await become(store, lease, JobStatus.FAILED, *every)
    expect("the live jobs", await store.live(HERE), [])
    await store.request_submit([JobId("2.1")], AT)
    expect("the live jobs", ids(await store.live(HERE)), [TWO, JobId("2.1")])
    expect("in pages", ids(await store.live(HERE, limit=1)), [TWO])
    expect("in pages", ids(await store.live(HERE, after=TWO)), [JobId("2.1")])
    expect("the families", await store.families(HERE), {TWO: {JobStatus.FAILED: 2}})


async def families_are_counted(store: Store) -> None:
    """For the live ones, or for those asked for."""
    await store.create(new_job(3), AT)
    await store.create(new_job(2), AT)
    await store.create(new_job(1, target=THERE), AT)
    await store.create(new_job(), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.RUNNING, FIRST)
    await become(store, lease, JobStatus.COMPLETED, TWO, JobId("2.0"), JobId("2.1"))
    first = {JobStatus.RUNNING: 1, JobStatus.SUBMITTING: 2}
    second = {JobStatus.COMPLETED: 2}
    expect("the live families", await store.families(HERE), {ONE: first})
    asked = [ONE, TWO, JobId("3"), JobId("4"), JobId("5"), FIRST]
    expect("the families asked for", await store.families(HERE, asked), {ONE: first, TWO: second})
    expect("none", await store.families(HERE, []), {})


async def a_request_concerns_a_job_and_its_subjobs(store: Store) -> None:
    """Whether or not they are final, in pages."""
    await store.create(new_job(12), AT)
    await store.create(new_job(), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.COMPLETED, ONE, SECOND)
    whole = [ONE, *(JobId(f"1.{index}") for index in range(12))]
    expect("a job", ids(await store.concerned(ONE)), whole)
    found: list[JobId] = []
    while page := await store.concerned(ONE, after=found[-1] if found else None, limit=5):
        found += ids(page)
    expect("a job, in pages", found, whole)
    expect("a subjob", ids(await store.concerned(SECOND)), [SECOND])
    expect("behind a subjob", await store.concerned(SECOND, after=SECOND), [])
    expect("behind another job", await store.concerned(ONE, after=TWO), [])
    expect("what is not there", await store.concerned(JobId("3")) + await store.concerned(JobId("1.12")), [])


async def what_has_ended_is_found_by_its_native_id(store: Store) -> None:
    """The newest of those of the target, and nothing that lives."""
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    await store.create(new_job(), AT)
    await store.create(new_job(target=THERE), AT)
    lease = await take(store)
    names = {FIRST: "71", SECOND: "72", TWO: "73", JobId("3"): "73"}
    records = await store.get(list(names))
    named = [replace(record, native_id=NativeId(names[record.id])) for record in records]
    await save(store, lease, *named)
    await become(store, lease, JobStatus.COMPLETED, FIRST, TWO, JobId("3"))
    asked = [NativeId(text) for text in ("71", "72", "73", "74", "")]
    found = await store.ended(HERE, asked)
    expect("what has ended", {name: record.id for name, record in found.items()}, {"71": FIRST, "73": JobId("3")})
    expect("a record", found[NativeId("71")], (await store.get([FIRST]))[0])
    expect("those of another target", await store.ended(THERE, asked), {})
    expect("none", await store.ended(HERE, []), {})


async def what_was_handed_over_is_in_doubt(store: Store) -> None:
    """Until the attempt is known to have been accepted or has ended, and none but the present one."""
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    await store.create(new_job(target=THERE), AT)
    lease = await take(store)
    expect("what nobody has handed over", await store.handed_over(HERE), frozenset())
    await store.hand_over([FIRST, TWO, JobId("99")], lease)
    expect("what was handed over", await store.handed_over(HERE), frozenset({FIRST, TWO}))
    expect("what was handed over elsewhere", await store.handed_over(THERE), frozenset())
    await become(store, lease, JobStatus.SUBMITTED, FIRST)
    (failed,) = await store.get([TWO])
    await save(store, lease, replace(failed, attempt=2, wanted_attempt=2))
    expect("what has been accepted, or tried again", await store.handed_over(HERE), frozenset())
    await store.release(lease)
    await expect_error("handing over without a lease", LeaseLost, store.hand_over([SECOND], lease))
    expect("what was handed over without a lease", await store.handed_over(HERE), frozenset())


CHECKS: tuple[Check, ...] = (
    a_record_comes_back_as_it_was_saved,
    what_belongs_to_others_is_not_saved,
    a_request_to_kill_ends_with_its_attempt,
    a_removed_job_is_not_saved,
    attempts_are_kept_in_order,
    text_that_cannot_be_stored_is_replaced,
    the_state_of_a_target_is_kept,
    a_lease_has_one_holder,
    a_released_lease_is_free,
    who_lost_the_lease_writes_nothing,
    what_was_handed_over_is_in_doubt,
    what_is_live_is_read_in_pages,
    a_job_is_live_with_its_wanted_subjobs,
    families_are_counted,
    a_request_concerns_a_job_and_its_subjobs,
    what_has_ended_is_found_by_its_native_id,
)
