"""A queue of HTCondor that shares no file with the machine with the commands: files are spooled there and fetched."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from secrets import token_hex

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS, Feed, Finding, Retrieval, Submission, Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.htcondor.opening import connect
from ganga.backends.htcondor.settings import Settings
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, TargetName, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.status import JobStatus
from ganga.testing.check_backend import CHECKS, Check, Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.htcondor import HTCondorSystem
from tests.live.batch.replacement import Replacement
from tests.live.condor_server.client import Client
from tests.live.condor_server.pool import SCHEDD, Pool

pytestmark = pytest.mark.parametrize("running_system", ["htcondor"], indirect=True)

GREETING = JobSpec(command=("sh", "-c", "echo hello | tee kept.txt"), outputs=("kept.txt",))
ENDLESS = JobSpec(command=("sleep", "3600"))


@pytest.fixture
def pool(system: HTCondorSystem) -> Pool:
    return system.pool


@pytest.fixture
def machine(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The one that shares nothing: commands are run there."""
    client = Client(tmp_path / "client", pool)
    client.prepare()
    for name, value in client.environment.items():
        monkeypatch.setenv(name, value)
    return client


@pytest.fixture
def settings(pool: Pool, work: Path) -> Settings:
    return Settings(
        schedd=pool.queue, pool=pool.address, spool=True, work_folder=str(work), commit_delay=2.0, timeout=10.0
    )


@pytest.fixture
async def far(machine: Client, settings: Settings, work: Path) -> AsyncIterator[BatchBackend]:
    assert machine.environment
    async with connect(settings, Surroundings(TargetName("far"), work)) as backend:
        yield backend


@pytest.fixture
def trial(far: BatchBackend, tmp_path: Path) -> Trial:
    folder = tmp_path / "brought"
    folder.mkdir()
    return Trial(far, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")


@pytest.fixture
def submitting(machine: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replacement:
    """The program that submits, to be replaced."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{machine.environment['PATH']}")
    return Replacement(folder, "condor_submit")


def queued(pool: Pool) -> set[str]:
    """What the queue has of jobs, whatever became of them."""
    return set(pool.run("condor_q", "-af:j", "JobStatus").split())


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_each_promise_is_kept_where_files_are_spooled(check: Check, trial: Trial) -> None:
    assert not isinstance(trial.backend, Feed)
    await check(trial)


async def test_files_are_spooled_and_come_home_and_only_then_the_queue_forgets_the_jobs(
    trial: Trial, far: BatchBackend, pool: Pool, tmp_path: Path
) -> None:
    inputs, own = tmp_path / "inputs", tmp_path / "mine.txt"
    (inputs / "sub").mkdir(parents=True)
    (inputs / "sub" / "shared.txt").write_text("shared ")
    own.write_text("mine")
    spec = JobSpec(
        command=("sh", "-c", "cat sub/shared.txt; cat mine.txt; mkdir d; head -c 1000000 /dev/zero >d/big; exit 3")
    )
    batch = [
        Submission(job_id(1, index), trial.submission(spec).tag, spec, Share(inputs=(str(own),) * (index == 1)), inputs)
        for index in range(3)
    ]
    accepted = (await trial.backend.submit(batch)).accepted
    ids = [accepted[job.tag] for job in batch]
    assert [(await trial.end_of(native_id)).exit_code for native_id in ids] == [3, 3, 3]
    into = [tmp_path / native_id for native_id in ids]
    for folder in into:
        folder.mkdir()
    brought = await trial.backend.fetch([Retrieval(*pair) for pair in zip(ids, [("d",)] * 3, into, strict=True)])
    assert {(reply.error, reply.missing) for reply in brought.values()} == {(None, ())}
    assert [(folder / "stdout").read_text() for folder in into] == ["shared ", "shared mine", "shared "]
    assert {(folder / "d" / "big").stat().st_size for folder in into} == {1_000_000}
    assert set(ids) <= queued(pool)
    await far.discard(ids)
    await trial.until(ids[0], lambda _: not set(ids) & queued(pool), "been forgotten")
    answer = await trial.backend.poll(ids)
    assert {(seen.status, seen.exit_code) for seen in answer.seen.values()} == {(JobStatus.FAILED, 3)}
    assert set(answer.seen) == set(ids)


async def test_a_job_that_has_ended_keeps_its_output_when_it_is_to_be_killed(trial: Trial) -> None:
    ended, running = await trial.submit(GREETING), await trial.submit(ENDLESS)
    await trial.end_of(ended)
    await trial.until(running, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    await trial.backend.kill([ended, running])
    assert (await trial.end_of(running)).status is JobStatus.KILLED
    assert (await trial.end_of(ended)).status is JobStatus.COMPLETED
    assert ((await trial.fetch(ended, ("kept.txt",), "ended"))[1] / "kept.txt").read_text() == "hello\n"
    retrieved, into = await trial.fetch(running, ("kept.txt",), "killed")
    assert (retrieved.error, retrieved.missing) == (None, ("kept.txt",))
    assert (into / "stdout").read_bytes() == b""


async def test_a_queue_that_dies_in_the_middle_loses_no_job_and_no_output(trial: Trial, pool: Pool) -> None:
    spec = JobSpec(command=("sh", "-c", "sleep 4; echo hello | tee kept.txt"), outputs=("kept.txt",))
    native_id = await trial.submit(spec)
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    # In this thread: what a thread has started ends with it.
    pool.restart_daemon(SCHEDD)
    assert (await trial.end_of(native_id)).status is JobStatus.COMPLETED
    pool.restart_daemon(SCHEDD)
    retrieved, into = await trial.fetch(native_id, ("kept.txt",), "home")
    assert (retrieved.error, retrieved.missing) == (None, ())
    assert (into / "kept.txt").read_text() == "hello\n"


async def test_output_that_fails_to_come_is_asked_for_again_and_is_in_nobodys_way(trial: Trial, work: Path) -> None:
    jobs = [trial.submission(GREETING) for _ in range(2)]
    accepted = (await trial.backend.submit(jobs)).accepted
    ids = [accepted[job.tag] for job in jobs]
    for native_id in ids:
        await trial.end_of(native_id)
    # A folder, where a file is to come.
    obstacle = work / "ids" / ids[0].partition(".")[0] / "log.0"
    obstacle.mkdir()
    into = [trial.folder / native_id for native_id in ids]
    for folder in into:
        folder.mkdir()
    retrievals = [Retrieval(native_id, ("kept.txt",), folder) for native_id, folder in zip(ids, into, strict=True)]
    brought = await trial.backend.fetch(retrievals)
    assert "log.0" in (brought[ids[0]].error or "")
    assert brought[ids[1]].error is None
    obstacle.rmdir()
    assert (await trial.backend.fetch(retrievals[:1]))[ids[0]].error is None
    assert (into[0] / "kept.txt").read_text() == "hello\n"


async def test_output_that_the_queue_has_lost_is_told_as_lost(trial: Trial, pool: Pool) -> None:
    native_id = await trial.submit(GREETING)
    await trial.end_of(native_id)
    pool.run("condor_rm", native_id)
    await trial.until(native_id, lambda _: native_id not in queued(pool), "been forgotten")
    retrieved, _ = await trial.fetch(native_id, (), "home")
    assert "keeps its output no longer" in (retrieved.error or "")


async def test_an_interrupted_submission_is_found(trial: Trial, work: Path) -> None:
    submission = trial.submission(GREETING)
    accepted = (await trial.backend.submit([submission])).accepted
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    native_id = accepted[submission.tag]
    await trial.until(native_id, lambda seen: seen.status.final, "ended")
    assert (await trial.backend.find([submission.tag])).present == accepted


async def test_a_submission_whose_files_never_came_is_none(
    trial: Trial, pool: Pool, tmp_path: Path, submitting: Replacement
) -> None:
    """The queue has the job, and waits for its files; who sends them hangs, and the queue dies."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    submitting.becomes(
        f'cd "{tmp_path}"; sed "s#^transfer_input_files = #&{pipe},#" >description\n'
        'PATH="${PATH#*:}" setsid condor_submit "$@" description >said 2>&1 &\n'
        "until [ -s said ]; do sleep 0.1; done; exit 1"
    )
    submission = trial.submission(GREETING)
    try:
        with pytest.raises(BackendUnavailable):
            await trial.backend.submit([submission])
        pool.restart_daemon(SCHEDD)
        native_id = NativeId((tmp_path / "said").read_text().split()[0])
        assert native_id in queued(pool)
        finding = Finding()
        async with asyncio.timeout(PATIENCE):
            while submission.tag not in finding.absent:
                # A queue that was killed a moment ago may be away once more, of which whoever asks is told.
                with suppress(BackendUnavailable):
                    finding = await trial.backend.find([submission.tag])
                assert not finding.present
                await asyncio.sleep(0.2)
        pool.until_ready()
        assert native_id not in queued(pool)
    finally:
        # Who hangs reads to its end.
        os.close(os.open(pipe, os.O_RDWR))


async def test_what_a_token_does_not_allow_is_refused_in_htcondors_words(trial: Trial, machine: Client) -> None:
    machine.take_token("READ")
    with pytest.raises(BackendUnavailable, match=r"Received .DENIED. from server"):
        await trial.backend.submit([trial.submission(GREETING)])


@pytest.mark.slow
async def test_a_campaign_comes_home_and_leaves_nothing_in_the_queue(
    machine: Client, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the monitor."""
    assert machine.environment
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("htcondor", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.far]\n"
        'backend = "htcondor"\n'
        f'schedd = "{pool.queue}"\n'
        f'pool = "{pool.address}"\n'
        "spool = true\n"
        f'work_folder = "{tmp_path / "work"}"\n'
        "[targets.far.pace]\n"
        "fastest = 0.5\n"
        "slowest = 1\n"
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        command = ["sh", "-c", 'echo "$GANGA_SUBJOB_INDEX" >out; test "$GANGA_SUBJOB_INDEX" -lt 8']
        job = await client.submit(command, target="far", subjobs=10, outputs=["out"])
        (ended,) = await client.wait(job, timeout=PATIENCE)
        records = [record async for record in client.select(parent=job.id)]
        folders = [await client.fetch(record) for record in records]
    assert ended.status is JobStatus.FAILED
    assert Counter((record.status, record.exit_code) for record in records) == {
        (JobStatus.COMPLETED, 0): 8,
        (JobStatus.FAILED, 1): 2,
    }
    assert sorted(int((folder / "out").read_text()) for folder in folders) == list(range(10))
    assert not {record.native_id for record in records} & queued(pool)
