"""Any content of a store, to be moved, archived and brought back."""

from collections.abc import Sequence

from hypothesis import strategies as st

from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, NativeId, Seq, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Plugin, Share, TargetState
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query, Store
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from tests.store.test_equivalence import some_text as any_text

MARK = "0123456789abcdef"

HERE, THERE = TargetName("here"), TargetName("there")

#: Text that a database holds.
some_text = any_text.map(lambda text: text.encode("utf-8", "replace").decode())
times = st.floats(0, 2e9).map(Utc)
statuses = st.sampled_from(JobStatus)
shares = st.builds(Share, arguments=st.lists(some_text, max_size=1).map(tuple))
specs = st.builds(
    JobSpec,
    command=st.just(("x",)),
    name=some_text,
    environment=st.dictionaries(some_text, some_text, max_size=2),
    mergers=st.sampled_from([(), (Plugin("text"),)]),
)


@st.composite
def records(draw: st.DrawFn, job: JobId, subjobs: int | None, status: st.SearchStrategy[JobStatus]) -> JobRecord:
    """A record of a job or subjob."""
    attempt = draw(st.integers(0, 3))
    return JobRecord(
        id=job,
        name=draw(some_text),
        target=HERE,
        status=draw(status),
        created_at=draw(times),
        subjobs=subjobs,
        attempt=attempt,
        wanted_attempt=attempt + draw(st.sampled_from([0, 0, 0, 1])),
        native_id=draw(st.none() | some_text.map(NativeId)),
        reason=draw(st.none() | some_text),
        kill_requested_by=draw(st.none() | some_text),
        ended_at=draw(st.none() | times),
        cpu_time=draw(st.none() | st.floats(0, 1e6)),
    )


@st.composite
def stored_jobs(
    draw: st.DrawFn, job: JobId, subjobs: int | None, spec: JobSpec | None, status: st.SearchStrategy[JobStatus]
) -> StoredJob:
    """A job or subjob with all that is kept of it."""
    record = draw(records(job, subjobs, status))
    ends = [draw(records(job, subjobs, statuses)) for _ in range(draw(st.integers(0, 2)))]
    attempts = {end.attempt: end for end in ends}
    return StoredJob(
        record=record,
        spec=spec,
        share=Share() if spec is not None else draw(shares),
        attempts=tuple(attempts[number] for number in sorted(attempts)),
        handed_over=draw(st.none() | st.integers(0, 3)),
    )


@st.composite
def families(draw: st.DrawFn, number: int) -> list[StoredJob]:
    """A whole job and its subjobs; more often than not all of them are final."""
    subjobs = draw(st.none() | st.integers(1, 4))
    status = draw(st.sampled_from([statuses, st.sampled_from(sorted(FINAL))]))
    whole = draw(stored_jobs(job_id(number), subjobs, draw(specs), status))
    return [whole, *(draw(stored_jobs(job_id(number, index), None, None, status)) for index in range(subjobs or 0))]


@st.composite
def portions(draw: st.DrawFn) -> Portion:
    """All that a store holds."""
    numbers = sorted(draw(st.sets(st.integers(1, 12), max_size=5)))
    jobs = [job for number in numbers for job in draw(families(number))]
    forgotten, many = draw(st.integers(0, 5)), draw(st.integers(0, 8))
    about = st.sampled_from([None, *(job.record.id for job in jobs)])
    events = tuple(
        _event(Seq(forgotten + place + 1), draw(times), draw(about), draw(some_text)) for place in range(many)
    )
    head = Head(
        id=draw(st.text("0123456789abcdef", min_size=8, max_size=8)),
        last_job=draw(st.integers(12, 15)) if numbers else draw(st.integers(0, 15)),
        last_seq=Seq(forgotten + many),
        forgotten=Seq(forgotten),
    )
    state = TargetState(name=HERE, error=draw(st.none() | some_text), paused=draw(st.booleans()))
    targets = draw(
        st.sampled_from([(), (StoredTarget(name=HERE, epoch=3, state=state), StoredTarget(name=THERE, epoch=1))])
    )
    return Portion(head=head, targets=targets, jobs=tuple(jobs), events=events)


def _event(seq: Seq, at: Utc, job: JobId | None, reason: str) -> Event:
    return Event(seq=seq, at=at, kind=EventKind.STATUS_CHANGED, target=HERE, job=job, reason=reason)


async def fill(store: Store, portion: Portion) -> None:
    """Have an empty store hold this."""
    await store.load(portion, Passage(step=Step.ARRIVING, place="a test", mark=MARK))
    await store.pass_over(None)


async def answers(store: Store) -> Sequence[object]:
    """What a store answers to all that can be asked without knowing what it holds."""
    every = await store.select(Query(subjobs=True))
    return [
        store.id,
        every,
        await store.select(Query()),
        await store.count(Query(subjobs=True)),
        await store.specifications([record.id for record in every]),
        [await store.attempts(record.id) for record in every],
        await store.events(Seq(0)),
        await store.last_seq(),
        await store.live(HERE),
        await store.handed_over(HERE),
        await store.families(HERE),
        await store.target_states(),
        await store.head(),
        await store.stored_targets(),
        await store.dump(),
    ]


def silent(done: int, total: int, what: str) -> None:
    """Nobody looks."""
