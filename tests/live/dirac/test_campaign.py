"""Whole campaigns, from submission to output, through the monitor and on a real DiracX."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, closing
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.settings import Settings
from ganga.client import Client
from ganga.model.event import Event, EventKind
from ganga.model.ids import TargetName, number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.live.dirac.together.campaign import until_there
from tests.live.dirac.worker import Worker
from tests.live.diracx_server.running import DiracXServer

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 300.0

RESCHEDULE = """
    UPDATE Jobs SET Status = 'Received', MinorStatus = 'Job Rescheduled', RescheduleCounter = RescheduleCounter + 1,
    LastUpdateTime = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE JobID = ?
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], app.Opening]:
    """Opens the same home, each time as another process would."""
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("dirac", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.dirac]\n"
        f'diracx_url = "{settings.diracx_url}"\n'
        f'diracx_credentials = "{settings.diracx_credentials}"\n'
        "interval = 0.5\n"
        "commit_delay = 2\n"
    )
    return lambda: ganga.open(tmp_path / "home", config=config)


@pytest.fixture
async def client(opened: Callable[[], app.Opening]) -> AsyncIterator[Client]:
    async with opened() as client:
        yield client


@pytest.fixture
def worker(road: DiracX, diracx: DiracXServer, tmp_path: Path) -> Worker:
    folder = tmp_path / "worker"
    folder.mkdir()
    return Worker(road, diracx, folder)


async def subjobs(client: Client, job: JobRecord) -> list[JobRecord]:
    records = [record async for record in client.select(parent=job.id)]
    return sorted(records, key=lambda record: number_and_index(record.id))


async def until(client: Client, happened: Callable[[Event], bool]) -> None:
    """Read all events, from the first, until one is so."""
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
        async for event in events:
            if happened(event):
                return


async def test_a_campaign_ends_as_its_jobs_do(client: Client, tmp_path: Path, worker: Worker) -> None:
    async with worker.at_work():
        data = tmp_path / "data.txt"
        data.write_text("shared\n")
        script = 'cat data.txt; echo "$GANGA_SUBJOB_INDEX" > result.txt; test "$GANGA_SUBJOB_INDEX" -lt 25'
        job = await client.submit(
            ["sh", "-c", script], target="dirac", subjobs=30, inputs=[data], outputs=["result.txt"]
        )
        (ended,) = await client.wait(job, timeout=PATIENCE)
        assert ended.status is JobStatus.FAILED
        records = await subjobs(client, job)
        identity = (await client.target_states())[TargetName("dirac")].identity
        assert identity is not None
        assert identity.name == "alice of user"
        assert identity.expires_at is not None
        assert [record.status for record in records] == [JobStatus.COMPLETED] * 25 + [JobStatus.FAILED] * 5
        assert {record.exit_code for record in records[25:]} == {1}
        assert {record.attempt for record in records} == {1}
        for number in (0, 29):
            folder = await client.fetch(records[number])
            assert (folder / "result.txt").read_text() == f"{number}\n"
            assert (folder / "stdout").read_text() == "shared\n"


async def test_a_job_that_is_rescheduled_while_it_runs_is_the_next_attempt(
    client: Client, road: DiracX, tmp_path: Path, worker: Worker
) -> None:
    async with worker.at_work():
        mark, begun = tmp_path / "mark", tmp_path / "begun"
        script = f"test -e {mark} || {{ touch {begun}; sleep 1000; }}"
        job = await client.submit(["sh", "-c", script], target="dirac")
        await until(client, lambda event: event.job == job.id and event.new is JobStatus.RUNNING)
        # That is told before the job's process has begun: one that begins later than the mark would not be run again.
        await until_there(begun)
        first = await client.get(job)
        mark.touch()
        assert first.native_id is not None
        await road.reschedule([int(first.native_id)])
        (record,) = await client.wait(job, timeout=PATIENCE)
        assert (record.status, record.attempt, record.native_id) == (JobStatus.COMPLETED, 2, first.native_id)


async def test_a_job_that_is_rescheduled_after_its_end_is_followed_again_without_being_asked_for(
    client: Client, diracx: DiracXServer, tmp_path: Path, worker: Worker
) -> None:
    async with worker.at_work():
        mark = tmp_path / "mark"
        job = await client.submit(["sh", "-c", f"test -e {mark}"], target="dirac")
        (failed,) = await client.wait(job, timeout=PATIENCE)
        assert (failed.status, failed.attempt) == (JobStatus.FAILED, 1)
        mark.touch()
        assert failed.native_id is not None
        # What DIRAC's services do to their common database: DiracX 0.7 runs no job again that has ended.
        diracx.change(RESCHEDULE, [(int(failed.native_id),)])
        await until(client, lambda event: event.attempt == 2 and event.new is JobStatus.COMPLETED)
        record = await client.get(job)
        assert (record.status, record.attempt, record.native_id) == (JobStatus.COMPLETED, 2, failed.native_id)
        folder = await client.fetch(job)
        assert folder.name == "output-2", "each attempt has a folder of its own"


async def test_a_monitor_that_ends_while_it_submits_submits_no_job_twice(
    opened: Callable[[], app.Opening], road: DiracX, diracx: DiracXServer, worker: Worker
) -> None:
    async with worker.at_work():
        async with opened() as client:
            job = await client.submit(["true"], target="dirac", subjobs=150)
            assert await _begun(diracx, _prefix(client, job)) < 150
        async with opened() as client:
            (ended,) = await client.wait(job, timeout=PATIENCE)
            assert ended.status is JobStatus.COMPLETED
            assert {record.attempt for record in await subjobs(client, job)} == {1}
            assert len(await _there(client, road, job)) == 150


async def _there(client: Client, road: DiracX, job: JobRecord) -> list[str]:
    """The names of all jobs on DiracX that this job or a try of it has brought there."""
    states = await road.jobs(owner="alice")
    return [state.name for state in states.values() if state.name.startswith(_prefix(client, job))]


def _prefix(client: Client, job: JobRecord) -> str:
    return f"ganga-{client.store.id}-{job.id}."


async def _begun(diracx: DiracXServer, prefix: str) -> int:
    """How many of the jobs whose names begin so are there, as soon as there is one.

    By the database: an answer of the server's could come when all have been submitted.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            if begun := await asyncio.to_thread(_count, diracx, prefix):
                return begun
            await asyncio.sleep(0.01)


def _count(diracx: DiracXServer, prefix: str) -> int:
    with closing(sqlite3.connect(diracx.data / "jobdb.db", timeout=PATIENCE)) as database:
        found = database.execute("SELECT COUNT(*) FROM Jobs WHERE JobName LIKE ?", (f"{prefix}%",)).fetchone()
    return int(found[0])


async def test_no_job_ends_while_the_server_is_away(client: Client, diracx: DiracXServer) -> None:
    job = await client.submit(["sleep", "1000"], target="dirac", subjobs=25)
    await until(client, lambda event: event.job == job.id and event.new is JobStatus.SUBMITTED)
    await asyncio.to_thread(diracx.stop)
    await until(client, lambda event: event.kind is EventKind.TARGET_DOWN)
    assert not any(record.status.final for record in await subjobs(client, job))
    await asyncio.to_thread(diracx.start)
    await until(client, lambda event: event.kind is EventKind.TARGET_UP)
    await client.kill(job)
    (ended,) = await client.wait(job, timeout=PATIENCE)
    assert ended.status is JobStatus.KILLED
    assert {record.attempt for record in await subjobs(client, job)} == {1}


async def test_jobs_that_something_else_submitted_are_followed(
    client: Client, road: DiracX, group: str, worker: Worker
) -> None:
    async with worker.at_work():
        description = f'[Executable = "/bin/echo"; Arguments = "hello"; JobGroup = "{group}"; '
        description += 'StdOutput = "std.out"; StdError = "std.err"; OutputSandbox = {"std.out", "std.err"};]'
        await road.submit([description] * 3)
        records = await client.track("dirac", f"group:{group}")
        assert len(records) == 3
        ended = await client.wait(*records, timeout=PATIENCE)
        assert {record.status for record in ended} == {JobStatus.COMPLETED}
        assert ((await client.fetch(ended[0])) / "stdout").read_text() == "hello\n"
