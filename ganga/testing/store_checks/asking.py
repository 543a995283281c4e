"""What people ask of a store: new jobs and requests."""

from msgspec.structs import replace

from ganga.errors import GangaError, StoreUnavailable, UnknownJob, UsageError
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq
from ganga.model.job import JobRecord, JobSpec, Plugin, Resubmission, Share
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.store.base import Adopted, NewJob, Query, Store
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
    take,
    told,
)

ONE, TWO = JobId("1"), JobId("2")
FIRST, SECOND = JobId("1.0"), JobId("1.1")
FULL = JobSpec(
    command=("fit", "--seed", "ünïcode\n\0"),
    name="all of it \U0001f600",
    environment={"A": "b"},
    folder="/tmp",  # noqa: S108 - never touched
    folder_chosen=True,
    inputs=("/data/x",),
    outputs=("*.root",),
    checkers=(Plugin("codes", {"good": 3, "strict": True, "share": 0.5, "word": "x"}),),
    mergers=(Plugin("text"),),
    notifiers=(Plugin("mail"),),
    resubmission=Resubmission(attempts=3, reasons=("time.*",)),
    resources=Resources(processors=2, memory=2**31, time=60, queue="long", native=("-x",)),
)


async def a_new_job_is_kept_as_it_was_given(store: Store) -> None:
    """A job has the next number, its specification, and one event."""
    created = await store.create(NewJob(FULL, HERE), AT)
    expected = JobRecord(
        id=ONE,
        name=FULL.name,
        target=HERE,
        status=JobStatus.SUBMITTING,
        created_at=AT,
        attempt=1,
        wanted_attempt=1,
        postprocessed=True,
    )
    expect("the record of a new job", created, expected)
    expect("the record as it is read", await store.get([ONE]), [expected])
    expect("what is to be run", await store.specifications([ONE]), {ONE: (FULL, Share())})
    event = Event(at=AT, kind=EventKind.JOB_CREATED, target=HERE, job=ONE, new=JobStatus.SUBMITTING, seq=Seq(1))
    expect("the events", await store.events(Seq(0)), [event])


async def subjobs_are_created_with_their_job(store: Store) -> None:
    """Each subjob has a record like its job's, its own share and the specification of all; there is one event."""
    shares = [Share(), Share(arguments=("x",), inputs=("/y",), environment={"Z": "1"})]
    parent = await store.create(NewJob(FULL, HERE, JobStatus.NEW, shares), AT)
    expect("subjobs, attempt, postprocessed", (parent.subjobs, parent.attempt, parent.postprocessed), (2, 0, True))
    subjobs = await store.get([FIRST, SECOND])
    alike = replace(parent, subjobs=None)
    expect("the subjobs", subjobs, [replace(alike, id=FIRST), replace(alike, id=SECOND)])
    found = await store.specifications([ONE, FIRST, SECOND, JobId("1.2"), TWO])
    expect("what is to be run", found, {ONE: (FULL, Share()), FIRST: (FULL, shares[0]), SECOND: (FULL, shares[1])})
    expect("one object for all subjobs", found[FIRST][0] is found[SECOND][0], expected=True)
    expect("the events", await told(store), [(EventKind.JOB_CREATED, ONE)])


async def what_cannot_begin_is_refused(store: Store) -> None:
    """Nothing is stored of a job that makes no sense, or that would come back as another one."""
    await expect_error("a job that begins at its end", UsageError, store.create(new_job(status=JobStatus.LOST), AT))
    await expect_error("a job with 0 subjobs", UsageError, store.create(new_job(0), AT))
    for text in ("bad\udc80", "\ud800"):
        spec = JobSpec(command=(text,))
        await expect_error("a command that is not text", UsageError, store.create(NewJob(spec, HERE), AT))
        share = Share(arguments=(text,))
        job = NewJob(JobSpec(command=("x",)), HERE, shares=[share])
        await expect_error("a share that is not text", UsageError, store.create(job, AT))
    endless = JobSpec(command=("x",), checkers=(Plugin("codes", {"good": float("nan")}),))
    await expect_error("an option that is no number", UsageError, store.create(NewJob(endless, HERE), AT))
    expect("the jobs", await store.select(Query(subjobs=True)), [])
    expect("the events", await told(store), [])


async def a_place_is_made_before_the_job_is_seen(store: Store) -> None:
    """`place` hears the id first; if it raises, there is no job."""
    places: list[JobId] = []
    await store.create(new_job(), AT, place=places.append)
    expect("the places made", places, [ONE])

    def refuse(job: JobId) -> None:
        raise StoreUnavailable(f"no room for {job}")

    await expect_error("a job without a place", StoreUnavailable, store.create(new_job(), AT, place=refuse))
    expect("the events", await told(store), [(EventKind.JOB_CREATED, ONE)])


async def an_adopted_job_is_kept_as_it_stands(store: Store) -> None:
    """Its record is kept under the next number; text that cannot be stored is replaced."""
    await store.create(new_job(), AT)
    record = JobRecord(
        id=JobId("77"),
        name="found",
        target=THERE,
        status=JobStatus.RUNNING,
        created_at=AT,
        attempt=1,
        native_id=None,
        native_status="R\udc80",
        started_at=AT,
        peak_memory=2**70,
    )
    adopted = await store.adopt(Adopted(FULL, record), LATER)
    expected = replace(record, id=TWO, native_status="R\ufffd", peak_memory=2**63 - 1)
    expect("the adopted record", adopted, expected)
    expect("the record as it is read", await store.get([TWO]), [expected])
    event = Event(at=LATER, kind=EventKind.JOB_CREATED, target=THERE, job=TWO, new=JobStatus.RUNNING, seq=Seq(2))
    expect("the event", await store.events(Seq(1)), [event])
    many = replace(record, subjobs=3)
    await expect_error("adopting a job with subjobs", UsageError, store.adopt(Adopted(FULL, many), AT))


async def a_kill_is_noted_and_told_once(store: Store) -> None:
    """On the job and its subjobs that are not final; whoever asked first is named."""
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.FAILED, FIRST, TWO)
    seq = await store.last_seq()
    expect("the jobs to be killed", await store.request_kill([TWO, ONE, ONE], "ann", LATER), [ONE])
    expect("the jobs, asked again", await store.request_kill([ONE], "bob", LATER), [ONE])
    expect("a subjob, asked again", await store.request_kill([SECOND], "bob", LATER), [SECOND])
    asked = [record.kill_requested_by for record in await store.get([ONE, FIRST, SECOND, TWO])]
    expect("who asked", asked, ["ann", None, "ann", None])
    event = Event(at=LATER, kind=EventKind.KILL_REQUESTED, target=HERE, job=ONE, reason="ann", seq=Seq(seq + 1))
    expect("the events", await store.events(seq), [event])


async def a_kill_can_be_withdrawn(store: Store) -> None:
    """Of a job, or of a subjob and with it of its job; told where one was asked for."""
    await store.create(new_job(2), AT)
    await store.create(new_job(), AT)
    await store.request_kill([ONE], "ann", AT)
    seq = await store.last_seq()
    await store.withdraw_kill([FIRST, TWO, FIRST], LATER)
    asked = [record.kill_requested_by for record in await store.get([ONE, FIRST, SECOND, TWO])]
    expect("the kills still asked for", asked, [None, None, "ann", None])
    event = Event(at=LATER, kind=EventKind.KILL_WITHDRAWN, target=HERE, job=FIRST, seq=Seq(seq + 1))
    expect("the events", await store.events(seq), [event])


async def a_submission_is_asked_for_where_it_makes_sense(store: Store) -> None:
    """Of new and final jobs; of a job with subjobs, of those that did not end well."""
    await store.create(new_job(4), AT)
    await store.create(new_job(), AT)
    await store.create(new_job(status=JobStatus.NEW), AT)
    lease = await take(store)
    await store.request_kill([ONE], "ann", AT)
    await become(store, lease, JobStatus.COMPLETED, FIRST)
    await become(store, lease, JobStatus.KILLED, SECOND)
    await become(store, lease, JobStatus.LOST, JobId("1.2"))
    seq = await store.last_seq()
    three = JobId("3")
    expect("what is submitted", await store.request_submit([ONE, TWO, three], LATER), [ONE, three])
    records = await store.get([ONE, FIRST, SECOND, JobId("1.2"), JobId("1.3"), TWO, three])
    expect("the attempts wanted", [record.wanted_attempt for record in records], [1, 1, 2, 2, 1, 1, 1])
    asked = [record.kill_requested_by for record in records[:5]]
    expect("the kills still asked for", asked, [None, "ann", None, None, "ann"])
    requested = EventKind.SUBMIT_REQUESTED
    expect("the events", await told(store, seq), [(requested, ONE), (requested, three)])
    expect("a subjob that ended well", await store.request_submit([FIRST], LATER), [FIRST])
    expect("a killed subjob, asked again", await store.request_kill([JobId("1.3")], "bob", LATER), [JobId("1.3")])


async def a_resubmitted_job_can_be_killed_again(store: Store) -> None:
    """A kill of an earlier attempt does not hide a new one."""
    await store.create(new_job(1), AT)
    lease = await take(store)
    await store.request_kill([ONE], "ann", AT)
    await become(store, lease, JobStatus.KILLED, ONE, FIRST)
    await store.request_submit([FIRST], AT)
    await become(store, lease, JobStatus.RUNNING, ONE, FIRST)
    seq = await store.last_seq()
    expect("the jobs to be killed", await store.request_kill([ONE], "bob", LATER), [ONE])
    expect("who asked", [record.kill_requested_by for record in await store.get([ONE, FIRST])], ["bob", "bob"])
    expect("the events", await told(store, seq), [(EventKind.KILL_REQUESTED, ONE)])


async def a_refresh_is_told(store: Store) -> None:
    """One event for each job named."""
    await store.create(new_job(2), AT)
    await store.request_refresh([ONE, SECOND, ONE], LATER)
    refresh = EventKind.REFRESH_REQUESTED
    expect("the events", await told(store, 1), [(refresh, ONE), (refresh, SECOND)])


async def a_pause_is_told_when_it_is_a_change(store: Store) -> None:
    """Pausing twice is once."""
    for paused in (False, True, True, False):
        await store.pause(HERE, paused=paused, by="ann", at=LATER)
        states = await store.target_states()
        expect("whether the target is paused", states[HERE].paused, paused)
    events = await store.events(Seq(0))
    expect("the events", [event.kind for event in events], [EventKind.TARGET_PAUSED, EventKind.TARGET_RESUMED])
    expect("who asked", [(event.reason, event.target, event.job) for event in events], [("ann", HERE, None)] * 2)


async def a_removed_job_is_forgotten_with_its_subjobs(store: Store) -> None:
    """Only its events stay, and its number is not given again."""
    await store.create(new_job(2, status=JobStatus.NEW), AT)
    lease = await take(store)
    await become(store, lease, JobStatus.KILLED, ONE)
    await store.remove([ONE], LATER)
    for job in (ONE, FIRST):
        await expect_error("a removed job", UnknownJob, store.get([job]))
        expect("its attempts", await store.attempts(job), [])
    expect("its specification", await store.specifications([ONE, FIRST]), {})
    expect("its events", await told(store, 2), [(EventKind.JOB_REMOVED, ONE)])
    expect("its events by its id", len(await store.events(Seq(0), job=ONE)), 3)
    created = await store.create(new_job(), AT)
    expect("the id of the next job", created.id, TWO)


async def only_whole_jobs_that_rest_are_removed(store: Store) -> None:
    """And if one cannot be, none is."""
    await store.create(new_job(2), AT)
    await store.create(new_job(status=JobStatus.NEW), AT)
    await expect_error("removing a live job", UsageError, store.remove([TWO, ONE], LATER))
    await expect_error("removing a subjob", UsageError, store.remove([TWO, FIRST], LATER))
    await expect_error("removing an unknown job", UnknownJob, store.remove([TWO, JobId("9")], LATER))
    expect("the jobs", ids(await store.select(Query())), [TWO, ONE])
    expect("the events", len(await store.events(Seq(0))), 2)


async def an_unknown_job_is_named_and_nothing_is_written(store: Store) -> None:
    """Requests are carried out as a whole, or not at all."""
    await store.create(new_job(2), AT)
    seq = await store.last_seq()
    for job in ("2", "1.2", "2.0"):
        jobs = [ONE, JobId(job)]
        await expect_error("killing an unknown job", UnknownJob, store.request_kill(jobs, "ann", AT))
        await expect_error("sparing an unknown job", UnknownJob, store.withdraw_kill(jobs, AT))
        await expect_error("submitting an unknown job", UnknownJob, store.request_submit(jobs, AT))
        await expect_error("refreshing an unknown job", UnknownJob, store.request_refresh(jobs, AT))
        await expect_error("getting an unknown job", UnknownJob, store.get(jobs))
    for nonsense in ("", "x", "1.", "-1", "1.-1", "01", "9" * 30):
        await expect_error("getting what is no id", GangaError, store.get([JobId(nonsense)]))
    expect("the events", await told(store, seq), [])
    expect("who asked", (await store.get([ONE]))[0].kill_requested_by, None)


CHECKS: tuple[Check, ...] = (
    a_new_job_is_kept_as_it_was_given,
    subjobs_are_created_with_their_job,
    what_cannot_begin_is_refused,
    a_place_is_made_before_the_job_is_seen,
    an_adopted_job_is_kept_as_it_stands,
    a_kill_is_noted_and_told_once,
    a_kill_can_be_withdrawn,
    a_submission_is_asked_for_where_it_makes_sense,
    a_resubmitted_job_can_be_killed_again,
    a_refresh_is_told,
    a_pause_is_told_when_it_is_a_change,
    a_removed_job_is_forgotten_with_its_subjobs,
    only_whole_jobs_that_rest_are_removed,
    an_unknown_job_is_named_and_nothing_is_written,
)
