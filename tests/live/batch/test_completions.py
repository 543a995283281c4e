"""Ends that are told by a file: Slurm's own log of completions, and the accounting of Grid Engine."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from pathlib import Path
from secrets import token_hex

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS, Feed, Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.settings import LOG
from ganga.backends.grid_engine import opening as grid_engine
from ganga.backends.grid_engine.settings import Settings as GridEngineSettings
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.client import Client
from ganga.model.ids import Cursor, NativeId, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.grid_engine import GridEngineSystem
from tests.live.batch.test_arrays import array
from tests.live.needs import needs
from tests.live.slurm_server import install
from tests.live.slurm_server.cluster import Cluster, running
from tests.live.slurm_server.configuration import COMPLETIONS, Wishes
from tests.live.system_packages import NotInstalled


class Listener:
    """Asks for what is new, and for nothing else, as often as the monitor does."""

    def __init__(self, backend: BatchBackend) -> None:
        assert isinstance(backend, Feed)
        self._feed: Feed = backend
        self._cursor: Cursor | None = None

    async def listen(self) -> dict[NativeId, Observation]:
        answer = await self._feed.changes(self._cursor)
        assert answer.absent == frozenset()
        self._cursor = answer.cursor
        return dict(answer.seen)

    async def end_of(self, *ids: NativeId) -> dict[NativeId, tuple[JobStatus, int | None]]:
        ends: dict[NativeId, tuple[JobStatus, int | None]] = {}
        async with asyncio.timeout(PATIENCE):
            while len(ends) < len(ids):
                told = await self.listen()
                ends |= {key: (seen.status, seen.exit_code) for key, seen in told.items() if seen.status.final}
                await asyncio.sleep(LOG.fastest)
        assert set(ends) == set(ids)
        return ends


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Without accounting."""
    needs(install.check, NotInstalled)
    with running(Wishes(accounting=False, completions=True, min_job_age=300)) as cluster:
        yield cluster


@pytest.fixture
def log(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    return cluster.folder / COMPLETIONS


def trial_on(backend: BatchBackend, folder: Path) -> Trial:
    return Trial(backend, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")


@pytest.fixture
async def on_slurm(log: Path, tmp_path: Path) -> AsyncIterator[Trial]:
    settings = Settings(work_folder=str(tmp_path / "work"), commit_delay=2.0, completion_log=str(log))
    async with connect(settings, Surroundings(TargetName("slurm"), tmp_path)) as backend:
        yield trial_on(backend, tmp_path)


async def until_written(log: Path, native_id: NativeId) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if f"JobId={native_id} " in await asyncio.to_thread(log.read_text):
                return
            await asyncio.sleep(0.1)


@pytest.fixture
def listener(on_slurm: Trial) -> Listener:
    assert isinstance(on_slurm.backend, BatchBackend)
    return Listener(on_slurm.backend)


async def test_ends_on_slurm_are_told_without_a_question_about_all_jobs(on_slurm: Trial, listener: Listener) -> None:
    await listener.listen()
    good = await on_slurm.submit(JobSpec(command=("true",)))
    bad = await on_slurm.submit(JobSpec(command=("sh", "-c", "exit 3")))
    tasks = await on_slurm.backend.submit(array(on_slurm, 3, 'exit "$1"'))
    ids = [tasks.accepted[tag] for tag in sorted(tasks.accepted)]
    assert await listener.end_of(good, bad, *ids) == {
        good: (JobStatus.COMPLETED, 0),
        bad: (JobStatus.FAILED, 3),
        ids[0]: (JobStatus.COMPLETED, 0),
        ids[1]: (JobStatus.FAILED, 1),
        ids[2]: (JobStatus.FAILED, 2),
    }


async def test_an_array_that_is_cancelled_in_the_queue_has_one_line(
    on_slurm: Trial, listener: Listener, cluster: Cluster
) -> None:
    await listener.listen()
    tasks = await on_slurm.backend.submit(array(on_slurm, 3, "true", Resources(native=("--hold",))))
    ids = list(tasks.accepted.values())
    await listener.listen()
    cluster.run("scancel", ids[0].partition("_")[0])
    assert set((await listener.end_of(*ids)).values()) == {(JobStatus.KILLED, None)}


async def test_a_line_of_a_run_that_goes_back_to_the_queue_is_no_end(
    on_slurm: Trial, listener: Listener, log: Path
) -> None:
    await listener.listen()
    native_id = await on_slurm.submit(JobSpec(command=("sh", "-c", "exit 99")))
    await until_written(log, native_id)
    told: dict[NativeId, Observation] = {}
    async with asyncio.timeout(PATIENCE):
        while native_id not in told or told[native_id].restart == 0:
            told |= await listener.listen()
            assert native_id not in told or not told[native_id].status.final
            await asyncio.sleep(LOG.fastest)
    assert (told[native_id].status, told[native_id].restart) == (JobStatus.SUBMITTED, 1)
    await on_slurm.backend.kill([native_id])
    assert await listener.end_of(native_id) == {native_id: (JobStatus.KILLED, None)}


async def test_a_log_that_is_emptied_hides_no_end(on_slurm: Trial, listener: Listener, log: Path) -> None:
    first = await on_slurm.submit(JobSpec(command=("true",)))
    # Of a log that was empty before nobody can tell that it is so again.
    await until_written(log, first)
    await listener.end_of(first)
    second = await on_slurm.submit(JobSpec(command=("true",)))
    await on_slurm.end_of(second)
    third = await on_slurm.submit(JobSpec(command=("sh", "-c", "exit 3")))
    await until_written(log, third)
    await asyncio.to_thread(log.write_text, "")
    assert await listener.end_of(third) == {third: (JobStatus.FAILED, 3)}


@pytest.fixture
async def client(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """Its sweeps are an hour apart."""
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("slurm", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.slurm]\n"
        'backend = "slurm"\n'
        f'work_folder = "{tmp_path / "work"}"\n'
        f'completion_log = "{log}"\n'
        "[targets.slurm.pace]\n"
        "fastest = 3600\n"
        "slowest = 3600\n"
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        yield client


async def test_a_campaign_ends_long_before_a_sweep_would_tell(client: Client, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"while ! test -e '{go}'; do sleep 0.2; done; exit $GANGA_SUBJOB_INDEX"
    job = await client.submit(["sh", "-c", script], target="slurm", subjobs=3)
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
        submitted = 0
        async for event in events:
            submitted += event.new is JobStatus.SUBMITTED and event.job != job.id
            if submitted == 3:
                break
    go.touch()
    await client.wait(job, timeout=PATIENCE)
    assert sorted([record.exit_code or 0 async for record in client.select(parent=job.id)]) == [0, 1, 2]


@pytest.mark.parametrize("running_system", ["grid-engine"], indirect=True)
async def test_ends_on_grid_engine_are_told_by_its_accounting(system: GridEngineSystem, tmp_path: Path) -> None:
    file = Path(system.environment["SGE_ROOT"]) / system.environment["SGE_CELL"] / "common" / "accounting"
    settings = GridEngineSettings(work_folder=str(tmp_path / "work"), commit_delay=2.0, accounting_file=str(file))
    async with grid_engine.connect(settings, Surroundings(TargetName("sge"), tmp_path)) as backend:
        listener, trial = Listener(backend), trial_on(backend, tmp_path)
        await listener.listen()
        bad = await trial.submit(JobSpec(command=("sh", "-c", "exit 3")))
        tasks = await backend.submit(array(trial, 2, 'exit "$1"'))
        ids = [tasks.accepted[tag] for tag in sorted(tasks.accepted)]
        assert await listener.end_of(bad, *ids) == {
            bad: (JobStatus.FAILED, 3),
            ids[0]: (JobStatus.COMPLETED, 0),
            ids[1]: (JobStatus.FAILED, 1),
        }
