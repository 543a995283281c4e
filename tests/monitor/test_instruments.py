"""What monitors tell of themselves: work with its outcome, and facts, in their order, to all who listen."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ganga.core.orders import Sweep
from ganga.errors import BackendProtocolError, BackendUnavailable, LeaseLost, StoreUnavailable
from ganga.model.ids import NativeId, TargetName
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from ganga.monitor.instruments import (
    SILENT,
    Call,
    Fact,
    LeaseStep,
    LeaseTold,
    LoopTurned,
    Observers,
    Outcome,
    Save,
    Standing,
    Work,
    outcome_of,
)
from ganga.testing.world import Script
from tests.monitor.doubles import Odd, Site, TroubledStore, scripted, target, that, virtual

SITE = TargetName("site")


class Record:
    """Remembers all that it is told."""

    def __init__(self) -> None:
        self.works: list[tuple[Work, Outcome]] = []
        self.facts: list[Fact] = []

    @contextmanager
    def during(self, work: Work, /) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.works.append((work, outcome_of(error)))
            raise
        self.works.append((work, Outcome.OK))

    def tell(self, fact: Fact, /) -> None:
        self.facts.append(fact)

    def outcomes(self, verb: str) -> list[Outcome]:
        return [outcome for work, outcome in self.works if isinstance(work, Call) and work.verb == verb]

    @property
    def lease_steps(self) -> list[LeaseStep]:
        return [fact.step for fact in self.facts if isinstance(fact, LeaseTold)]


class Unreachable(Odd):
    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        raise BackendUnavailable(f"the gate is shut to {len(ids)}")


class Wrong(Odd):
    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        return len(ids)  # type: ignore[return-value] # - what no back end may do


class Endless(Odd):
    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        await asyncio.Event().wait()
        return await super().poll(ids)


@virtual
async def test_a_job_from_its_submission_to_its_end(tmp_path: Path) -> None:
    site, record = Site(tmp_path, target("site", scripted())), Record()
    job = await site.create("site")
    async with site.service(observer=record):
        await site.until(job)
    assert {work.verb for work, _ in record.works if isinstance(work, Call)} == {"connect", "submit", "poll", "fetch"}
    assert {outcome for _, outcome in record.works} == {Outcome.OK}
    assert Call(SITE, "submit", 1) in [work for work, _ in record.works]
    saved = sum(work.events for work, _ in record.works if isinstance(work, Save))
    assert saved == await site.store.last_seq() - 1, "all events but the creation of the job are the monitor's"
    standings = [fact for fact in record.facts if isinstance(fact, Standing)]
    assert any(fact.jobs[JobStatus.RUNNING] == 1 for fact in standings)
    assert not any(standings[-1].jobs.values())
    assert record.lease_steps[:2] == [LeaseStep.AWAITED, LeaseStep.TAKEN]
    assert record.lease_steps[-1] is LeaseStep.RETURNED
    assert LeaseStep.RENEWED in record.lease_steps
    assert any(isinstance(fact, LoopTurned) for fact in record.facts)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(Unreachable, Outcome.UNAVAILABLE), (Wrong, Outcome.FAILED), (Endless, Outcome.CANCELLED)],
)
def test_a_call_that_fails(kind: type[Odd], outcome: Outcome, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        site, record = Site(tmp_path, target("site", kind())), Record()
        await site.create("site")
        async with site.service(observer=record):
            await that(lambda: outcome in record.outcomes("poll"))
        sweeps = [ended for work, ended in record.works if isinstance(work, Sweep)]
        assert set(sweeps) == {outcome}, "the order fails as its call does"

    run()


@virtual
async def test_a_save_that_fails_and_a_lease_that_is_lost(tmp_path: Path) -> None:
    store, record = TroubledStore(), Record()
    site = Site(tmp_path, target("site", scripted(Script(running=1e6))), store=store)
    job = await site.create("site")
    store.full_disk(1)
    async with site.service(observer=record):
        await site.until(job, JobStatus.RUNNING)
        await store.acquire(SITE, "another", await store.holder(SITE))
        await that(lambda: LeaseStep.LOST in record.lease_steps)
    saves = [outcome for work, outcome in record.works if isinstance(work, Save)]
    assert saves.count(Outcome.UNAVAILABLE) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome.OK),
        (BackendUnavailable("x"), Outcome.UNAVAILABLE),
        (StoreUnavailable("x"), Outcome.UNAVAILABLE),
        (LeaseLost("x"), Outcome.LEASE_LOST),
        (asyncio.CancelledError(), Outcome.CANCELLED),
        (BackendProtocolError("x"), Outcome.FAILED),
        (KeyError("x"), Outcome.FAILED),
    ],
)
def test_each_error_has_its_outcome(error: BaseException | None, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome


def test_several_observers_are_told_the_same() -> None:
    first, second = Record(), Record()
    both = Observers([first, second])
    both.tell(LeaseTold(SITE, LeaseStep.TAKEN, 3))
    with pytest.raises(KeyError), both.during(Call(SITE, "poll", 2)):
        raise KeyError
    assert first.facts == second.facts == [LeaseTold(SITE, LeaseStep.TAKEN, 3)]
    assert first.works == second.works == [(Call(SITE, "poll", 2), Outcome.FAILED)]


def test_where_nobody_listens_errors_pass_too() -> None:
    with pytest.raises(KeyError), SILENT.during(Call(SITE, "poll", 2)):
        raise KeyError


def test_where_nobody_listens_nothing_is_made() -> None:
    assert SILENT.during(Call(SITE, "poll", 2)) is SILENT.during(Save(SITE, 1, 1))
