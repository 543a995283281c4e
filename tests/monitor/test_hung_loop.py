"""A lease is renewed on the loop that does the work: one that hangs loses it, and what it writes later is refused."""

import asyncio
import threading
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from ganga.errors import LeaseLost
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobSpec, TargetState
from ganga.model.observation import Answer
from ganga.model.policy import Pace
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.monitor.clock import system_clock
from ganga.monitor.instruments import Fact, LeaseStep, LoopHeld
from ganga.monitor.leases import Leases
from ganga.monitor.service import Service
from ganga.store.base import NewJob
from ganga.store.sqlite import open_sqlite
from ganga.workspace import Workspace
from tests.monitor.doubles import BRISK, RETRY, Odd, at, target
from tests.monitor.test_instruments import Record

SITE = TargetName("site")
#: Seconds that a lease lasts here.
LEASE = 0.6
IMPATIENT = replace(BRISK, sweep=Pace(fastest=0.05, slowest=0.05, retry=RETRY))


class Noticing(Record):
    """Knows when the loop was found to be held."""

    def __init__(self) -> None:
        super().__init__()
        self.noticed = threading.Event()

    def tell(self, fact: Fact, /) -> None:
        super().tell(fact)
        if isinstance(fact, LoopHeld):
            self.noticed.set()


class Blocking(Odd):
    """A back end that holds the loop in its first answer that tells of a running job, for longer than a lease."""

    def __init__(self, database: Path, noticed: threading.Event) -> None:
        super().__init__()
        self._database = database
        self._noticed = noticed

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        answer = await super().poll(ids)
        if any(told.status is JobStatus.RUNNING for told in answer.seen.values()):
            hold_the_loop(self._database)
            assert self._noticed.wait(60.0)
        return answer


def hold_the_loop(database: Path) -> None:
    """Until another process has taken over: as far as the store can tell, a loop of its own in a thread is one."""
    thread = threading.Thread(target=lambda: asyncio.run(take_over(database)))
    thread.start()
    thread.join(60.0)
    assert not thread.is_alive(), "nobody took over"


async def take_over(database: Path) -> None:
    async with open_sqlite(database) as store:
        await Leases(store, system_clock, seconds=LEASE).take(SITE)


async def test_a_loop_that_is_held_loses_its_lease_and_its_save_is_refused(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "store") as store:
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - what happens within the block is what raises
            async with Leases(store, system_clock, seconds=LEASE).held(SITE) as lease:
                hold_the_loop(tmp_path / "store")
                await store.save(Update(SITE, (), state=TargetState(name=SITE, error="late")), lease)
        assert caught.group_contains(LeaseLost, match=r"another process has taken over site \(lease 1 ")
        assert await store.target_states() == {}
        holder = await store.holder(SITE)
    assert holder is not None
    assert holder.epoch == 2


async def test_what_the_process_says(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record = Noticing()
    site = target("site", Blocking(tmp_path / "store", record.noticed), IMPATIENT)
    async with open_sqlite(tmp_path / "store") as store, asyncio.timeout(100.0):
        spec = JobSpec(command=("true",), folder="/")
        job = (await store.create(NewJob(spec, SITE), at(0.0))).id
        service = Service(store, Workspace(tmp_path), {SITE: site}, lease_seconds=LEASE, observer=record)
        async with service:
            while LeaseStep.LOST not in record.lease_steps:  # noqa: ASYNC110 - looked at while the monitor works
                await asyncio.sleep(0.01)
        assert (await store.get([JobId(job)]))[0].status is JobStatus.SUBMITTED, "what it learnt was not written"
    assert "the event loop has been held for" in caplog.text
    assert "hold_the_loop" in caplog.text
    assert "site: another process has taken over site (lease 1 is no longer the newest)" in caplog.text
