"""Each order is carried out by the verb that it means, and what a back end says beyond it is left out."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.backends.pool import ThreadPool
from ganga.core.orders import (
    Answered,
    CatchUp,
    Find,
    Finish,
    Finished,
    Found,
    JobAttempt,
    Kill,
    KillSent,
    Submit,
    Submitted,
    Sweep,
)
from ganga.errors import LeaseLost, StoreUnavailable
from ganga.model.ids import JobId, NativeId, Tag, TargetName
from ganga.model.job import JobRecord, JobSpec, Plugin
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from ganga.monitor.carrier import STALE, Carrier, tag_of
from ganga.monitor.connection import Connection
from ganga.monitor.finisher import Ended, Finisher, Finishes
from ganga.monitor.requests import RECORDS
from ganga.split import repeat
from ganga.store.base import Lease, NewJob
from ganga.store.memory import MemoryStore
from ganga.testing.backend import ScriptedFeed
from ganga.workspace import Workspace
from tests.monitor.doubles import at, target

NAME = TargetName("site")
ONE, TWO = JobId("1"), JobId("2")


class Talkative(ScriptedFeed):
    """Speaks of more than it was asked for, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.batch: Sequence[Submission] = ()

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        self.batch = batch
        accepted = {submission.tag: NativeId(submission.job) for submission in batch[:1]}
        rejected = {submission.tag: "too large" for submission in batch[1:]}
        return Receipts({**accepted, Tag("other"): NativeId("o")}, {**rejected, Tag("third"): "no"})

    async def find(self, tags: Collection[Tag], /) -> Finding:
        first, second = tags
        return Finding({first: NativeId("n1"), Tag("other"): NativeId("o")}, frozenset({second, Tag("third")}))

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        return {retrieval.native_id: Retrieved() for retrieval in retrievals}


class Desk:
    """A carrier with all that it needs."""

    def __init__(self, folder: Path) -> None:
        self.backend = Talkative()
        self.store = MemoryStore()
        self.records: dict[JobId, JobRecord] = {}
        self.connection = Connection(target("site", self.backend))
        self.workspace = Workspace(folder)
        self.pool = ThreadPool("site finishing")
        self.lease = Lease(NAME, 1)
        finisher = Finisher(self.workspace, 1, self.pool)
        self.carrier = Carrier(self.connection, self.store, self.workspace, self.lease, finisher, self.records.get)

    async def create(self, spec: JobSpec | None = None, subjobs: int | None = None) -> JobRecord:
        shares = None if subjobs is None else repeat(subjobs)
        record = await self.store.create(NewJob(spec or JobSpec(command=("true",)), NAME, shares=shares), at(0))
        self.records[record.id] = record
        return record

    def tag(self, job: JobId) -> Tag:
        return tag_of(self.store.id, job, 1)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    assert await desk.store.acquire(NAME, "ada") == desk.lease
    yield desk
    desk.pool.close()
    await desk.connection.aclose()


async def test_questions(desk: Desk) -> None:
    sweep = Sweep(NAME, (NativeId("n1"),), 1)
    assert await desk.carrier.carry_out(sweep) == Answered(sweep, Answer(absent=frozenset({NativeId("n1")})))
    news = CatchUp(NAME, None, 2)
    answered = await desk.carrier.carry_out(news)
    assert isinstance(answered, Answered)
    assert answered.answer.cursor is not None


async def test_a_submission_with_all_that_the_back_end_needs(desk: Desk) -> None:
    await desk.create(JobSpec(command=("cat",)))
    await desk.create()
    staged = desk.workspace.stage([], {"A": "b"})
    staged.place(ONE)
    order = Submit(NAME, (ONE, TWO, JobId("99")))
    submitted = await desk.carrier.carry_out(order)
    assert submitted == Submitted(order, {ONE: NativeId(ONE)}, {TWO: "too large"})
    first, second = desk.backend.batch
    assert (first.job, first.tag, first.spec.command) == (ONE, desk.tag(ONE), ("cat",))
    assert first.environment is not None
    assert second.environment is None


async def test_what_is_submitted_is_noted_before(desk: Desk) -> None:
    await desk.create()
    await desk.create()
    noted: list[frozenset[JobId]] = []

    async def submit(_: Sequence[Submission], /) -> Receipts:
        noted.append(await desk.store.handed_over(NAME))
        return Receipts()

    with patch.object(desk.backend, "submit", submit):
        await desk.carrier.carry_out(Submit(NAME, (TWO,)))
    assert noted == [{TWO}]


async def test_without_the_lease_nothing_is_submitted(desk: Desk) -> None:
    await desk.create()
    await desk.store.release(desk.lease)
    with pytest.raises(LeaseLost):
        await desk.carrier.carry_out(Submit(NAME, (ONE,)))
    assert desk.backend.batch == ()


async def test_who_stood_still_meanwhile_looks_before_it_submits(desk: Desk) -> None:
    await desk.create()
    times = iter([10.0, 10.0 + STALE + 0.1, 20.0, 20.0 + STALE])
    with patch.object(asyncio.get_running_loop(), "time", times.__next__):
        with pytest.raises(StoreUnavailable, match=r"took 3\.1 s"):
            await desk.carrier._hand_over([ONE])
        await desk.carrier._hand_over([ONE])


async def test_subjobs_share_the_files_of_their_job(desk: Desk) -> None:
    await desk.create(subjobs=2)
    desk.workspace.stage([], {"A": "b"}).place(ONE)
    await desk.carrier.carry_out(Submit(NAME, (JobId("1.0"), JobId("1.1"))))
    assert [submission.environment for submission in desk.backend.batch] == [desk.workspace.environment(ONE)] * 2


async def test_a_search(desk: Desk) -> None:
    await desk.create()
    await desk.create()
    order = Find(NAME, (ONE, TWO))
    assert await desk.carrier.carry_out(order) == Found(order, {ONE: NativeId("n1")}, frozenset({TWO}))


async def test_a_kill(desk: Desk) -> None:
    order = Kill(NAME, (NativeId("n1"),))
    assert await desk.carrier.carry_out(order) == KillSent(order)


async def test_only_the_attempt_that_is_meant_is_finished(desk: Desk) -> None:
    await desk.create()
    overtaken, gone = JobAttempt(ONE, 0), JobAttempt(TWO, 1)
    order = Finish(NAME, (overtaken, gone))
    assert await desk.carrier.carry_out(order) == Finished(order, {}, {})


@pytest.mark.parametrize("mergers", [(), (Plugin("text", {"pattern": "stdout"}),)])
async def test_all_subjobs_are_read_only_to_be_merged(
    desk: Desk, mergers: tuple[Plugin, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    subjobs: list[int] = []

    async def finish(_: Finisher, __: object, jobs: Sequence[Ended]) -> object:
        subjobs.extend(len(job.subjobs) for job in jobs)
        return Finishes()

    monkeypatch.setattr(Finisher, "finish", finish)
    await desk.create(JobSpec(command=("true",), mergers=mergers), subjobs=2 * RECORDS + 1)
    await desk.carrier.carry_out(Finish(NAME, (JobAttempt(ONE, 1),)))
    assert subjobs == [2 * RECORDS + 1 if mergers else 0]
    assert (await desk.store.get([ONE]))[0].status is JobStatus.SUBMITTING
