"""Whole campaigns, from submission to output, through the monitor and on each real system."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from ganga.client import Client
from ganga.model.event import Event, EventKind
from ganga.model.ids import NativeId, number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.live.batch.system import System

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 400.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def subjobs(client: Client, job: JobRecord) -> list[JobRecord]:
    records = [record async for record in client.select(parent=job.id)]
    return sorted(records, key=lambda record: number_and_index(record.id))


async def until(client: Client, kind: EventKind) -> Event:
    """Read all events, from the first, until one is of this kind."""
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
        async for event in events:
            if event.kind is kind:
                return event
    raise AssertionError("the events have an end")


async def until_running(client: Client, job: JobRecord) -> NativeId:
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0, job=job)) as events:
        async for event in events:
            if event.new is JobStatus.RUNNING:
                break
    native_id = (await client.get(job)).native_id
    assert native_id is not None
    return native_id


async def test_a_campaign_ends_as_its_jobs_do(client: Client, tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text("shared\n")
    script = 'cat data.txt; echo "$GANGA_SUBJOB_INDEX" >result.txt; test "$GANGA_SUBJOB_INDEX" -lt 25'
    job = await client.submit(["sh", "-c", script], target="batch", subjobs=30, inputs=[data], outputs=["result.txt"])
    (ended,) = await client.wait(job, timeout=PATIENCE)
    assert ended.status is JobStatus.FAILED
    records = await subjobs(client, job)
    assert [record.status for record in records] == [JobStatus.COMPLETED] * 25 + [JobStatus.FAILED] * 5
    assert {record.exit_code for record in records[25:]} == {1}
    assert {record.attempt for record in records} == {1}
    for number in (0, 29):
        folder = await client.fetch(records[number])
        assert (folder / "result.txt").read_text() == f"{number}\n"
        assert (folder / "stdout").read_text() == "shared\n"
    assert list((tmp_path / "work" / "batches").iterdir()) == []


async def test_a_job_that_runs_again_is_the_next_attempt(client: Client, system: System, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = await client.submit(["sh", "-c", f"test -e '{mark}' || sleep 1000"], target="batch")
    native_id = await until_running(client, job)
    mark.touch()
    await asyncio.to_thread(system.requeue, native_id)
    (ended,) = await client.wait(job, timeout=PATIENCE)
    assert (ended.status, ended.attempt, ended.native_id) == (JobStatus.COMPLETED, 2, native_id)


async def test_no_job_ends_while_the_controller_is_away(client: Client, system: System) -> None:
    job = await client.submit(["sleep", "1000"], target="batch", subjobs=5)
    # What is on its way to a machine when the controller dies may go there once more.
    for subjob in await subjobs(client, job):
        await until_running(client, subjob)
    with system.stopped(system.daemons[0]):
        await until(client, EventKind.TARGET_DOWN)
        assert not any(record.status.final for record in await subjobs(client, job))
    await until(client, EventKind.TARGET_UP)
    await client.kill(job)
    (ended,) = await client.wait(job, timeout=PATIENCE)
    assert ended.status is JobStatus.KILLED
    assert {record.attempt for record in await subjobs(client, job)} == {1}


async def test_jobs_that_something_else_submitted_are_followed(client: Client, system: System) -> None:
    native_id = await asyncio.to_thread(system.submit_as_somebody, "theirs", "sleep 2; exit 6")
    (record,) = await client.track("batch", native_id)
    (ended,) = await client.wait(record, timeout=PATIENCE)
    assert (ended.status, ended.exit_code, ended.native_id) == (JobStatus.FAILED, 6, native_id)
