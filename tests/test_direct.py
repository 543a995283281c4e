"""What is asked of back ends directly: histories, another run, oblivion, a glimpse of the output."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ganga.backends.base import Tail
from ganga.client import Client
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.event import EventKind
from ganga.model.ids import JobId, NativeId, Seq, TargetName
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.backend import Fault
from ganga.testing.world import Script
from tests.monitor.doubles import Site, now, scripted, target, virtual
from tests.obliging import Obliging

SITE = TargetName("site")
TRUE = JobSpec(command=("true",), folder="/")


@asynccontextmanager
async def opened(tmp_path: Path, script: Script, *, able: bool = True) -> AsyncIterator[tuple[Client, Obliging]]:
    """A client that monitors a back end; one that is not `able` can do none of this."""
    backend = Obliging(now, lambda _: script, latency=0.1)
    site = Site(tmp_path / "home", target("site", backend if able else scripted(script)))
    async with site.service() as service:
        yield Client(site.store, site.workspace, service, default_target=SITE), backend


async def kinds(client: Client, job: str) -> list[EventKind]:
    return [event.kind for event in await client.store.events(Seq(0), job=JobId(job))]


async def running(client: Client, job: JobId) -> None:
    """Wait until it runs."""
    async with asyncio.timeout(600):
        while True:
            seq = await client.store.last_seq()
            if (await client.get(job)).status is JobStatus.RUNNING:
                return
            await client.store.wait(seq, 60)


def failing(seconds: float = 10.0) -> Script:
    return Script(running=seconds, exit_code=1)


@virtual
async def test_histories_are_told_by_job_and_many_in_one_call(tmp_path: Path) -> None:
    async with opened(tmp_path, Script()) as (client, backend):
        job, many = await client.submit(TRUE), await client.submit(TRUE, subjobs=3)
        never = await client.copy(job)
        await client.wait(job, many)
        assert [step.status for step in await client.history(job)] == ["PD"]
        backend.calls.clear()
        assert set(await client.histories(job, many, never)) == {"1", "2.0", "2.1", "2.2"}
        assert [call for call in backend.calls if call[0] == "history"] == [("history", 4)]
        assert await client.history(never) == []
        with pytest.raises(UsageError, match=r"a history each, such as 2\.0"):
            await client.history(many)


@virtual
async def test_a_rescheduled_job_is_followed_as_its_next_attempt(tmp_path: Path) -> None:
    async with opened(tmp_path, failing()) as (client, backend):
        job = await client.submit(TRUE)
        [ended] = await client.wait(job)
        assert await client.reschedule(job) == ["1"]
        await client.refresh(job)
        await running(client, job.id)
        [again] = await client.wait(job)
        assert (again.attempt, again.restart, again.native_id) == (2, 1, ended.native_id)
        assert len(backend.world) == 1


@virtual
async def test_of_a_family_those_run_again_that_ended_badly(tmp_path: Path) -> None:
    async with opened(tmp_path, Script()) as (client, backend):
        job = await client.submit(TRUE, subjobs=3)
        await client.wait(job)
        with pytest.raises(UsageError, match="no subjob of job 1 has ended badly"):
            await client.reschedule(job)
        assert await client.reschedule("1.1") == ["1.1"]
        assert ("reschedule", 1) in backend.calls


@virtual
async def test_a_job_that_was_killed_lives_when_it_runs_again(tmp_path: Path) -> None:
    async with opened(tmp_path, Script(running=50.0)) as (client, _):
        job = await client.submit(TRUE)
        await running(client, job.id)
        await client.kill(job)
        with pytest.raises(UsageError, match="job 1 is to be killed; wait until it has ended"):
            await client.reschedule(job)
        assert [record.status for record in await client.wait(job)] == [JobStatus.KILLED]
        await client.reschedule(job)
        assert EventKind.KILL_WITHDRAWN in await kinds(client, "1")
        await running(client, job.id)
        [ended] = await client.wait(job)
        assert (ended.status, ended.attempt) == (JobStatus.COMPLETED, 2)


@virtual
async def test_what_is_refused_is_told_with_the_reason_and_what_was_not(tmp_path: Path) -> None:
    async with opened(tmp_path, failing()) as (client, backend):
        job = await client.submit(TRUE, subjobs=8)
        await client.wait(job)
        records = [record async for record in client.select(parent=job, subjobs=True)]
        names = [record.native_id for record in records if record.native_id is not None]
        backend.refuses = {names[1]: "too often"}
        with pytest.raises(UsageError, match=r"^the back end refused job 1\.1: too often; the others \(7\) run again$"):
            await client.reschedule(job)
        backend.refuses = dict.fromkeys(names, "no")
        with pytest.raises(UsageError, match=r"refused job 1\.0, 1\.1, 1\.2, 1\.3, 1\.4, and 3 more: no$"):
            await client.reschedule(*records)


@virtual
async def test_a_request_without_an_answer_leaves_it_open_and_is_looked_after(tmp_path: Path) -> None:
    async with opened(tmp_path, failing()) as (client, backend):
        job = await client.submit(TRUE)
        await client.wait(job)
        for verb, doubt in ((client.reschedule, "whether they run again is not known"), (client.delete, "deleted is")):
            backend.goes_wrong(verb.__name__, Fault.HANG)
            with pytest.raises(BackendUnavailable, match=rf"did not answer within 5 seconds; .*{doubt}"):
                await verb(job)
        assert EventKind.REFRESH_REQUESTED in await kinds(client, "1")
        backend.goes_wrong("history", Fault.HANG)
        with pytest.raises(BackendUnavailable, match=r"did not answer within 5 seconds$"):
            await client.history(job)


@virtual
async def test_what_ended_is_deleted_with_its_former_attempts(tmp_path: Path) -> None:
    async with opened(tmp_path, failing()) as (client, backend):
        job, family = await client.submit(TRUE), await client.submit(TRUE, subjobs=2)
        await client.wait(job, family)
        await client.resubmit(job)
        for verb in (client.delete, client.reschedule):
            with pytest.raises(UsageError, match="job 1 is to run again"):
                await verb(job)
        await running(client, job.id)
        with pytest.raises(UsageError, match="job 1 is running; 'ganga kill 1' first, then delete it"):
            await client.delete(family, job)
        assert ("delete", 2) not in backend.calls
        await client.wait(job)
        assert await client.delete(job, family) == ["1", "2.0", "2.1"]
        assert ("delete", 4) in backend.calls
        assert (await client.get(job)).status is JobStatus.FAILED
        backend.refuses = {NativeId("1000"): "it lives: kill it first"}
        with pytest.raises(UsageError, match=r"it lives: kill it first; the others \(1\) are deleted"):
            await client.delete(job)


@virtual
async def test_the_end_of_the_output_is_shown_while_a_job_runs(tmp_path: Path) -> None:
    async with opened(tmp_path, Script(running=20.0)) as (client, _):
        job = await client.submit(TRUE)
        await running(client, job.id)
        assert await client.peeks(job)
        assert await client.peek(job) == Tail(Obliging.tail.text, Obliging.tail.at)
        await client.wait(job)
        with pytest.raises(UsageError, match="job 1 is completed"):
            await client.peek(job)


@virtual
async def test_a_target_that_cannot_do_it_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, Script(running=20.0), able=False) as (client, _):
        job, new = await client.submit(TRUE), await client.copy(await client.submit(TRUE))
        await running(client, job.id)
        assert not await client.peeks(job)
        with pytest.raises(UsageError, match="records no history"):
            await client.history(job)
        with pytest.raises(UsageError, match="does not show the end"):
            await client.peek(job)
        with pytest.raises(UsageError, match="'ganga resubmit' submits it"):
            await client.reschedule(job)
        with pytest.raises(UsageError, match="is not known to site; 'ganga resubmit 3' submits it"):
            await client.reschedule(new)
        await client.wait(job)
        with pytest.raises(UsageError, match="keeps nothing of a job"):
            await client.delete(job)
