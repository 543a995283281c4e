"""Each test runs on every real batch system that is provisioned: ``python -m tests.live.provision NAME``."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.testing.check_backend import Trial
from tests.backends.batch.ssh.server import missing, sshd
from tests.live.batch.grid_engine import GridEngineSystem
from tests.live.batch.grid_engine_over_ssh import GridEngineOverSsh
from tests.live.batch.slurm import SlurmSystem
from tests.live.batch.slurm_over_ssh import SlurmOverSsh
from tests.live.batch.system import System
from tests.live.grid_engine_server import cluster as grid_engine_cluster
from tests.live.grid_engine_server import install as grid_engine_install
from tests.live.slurm_server.cluster import running
from tests.live.slurm_server.configuration import Wishes
from tests.live.slurm_server.install import NotInstalled

#: Seconds until a job that should have ended is given up.
PATIENCE = 90.0


@contextmanager
def slurm(wishes: Wishes) -> Iterator[System]:
    with running(wishes) as cluster:
        yield SlurmSystem(cluster)


@contextmanager
def slurm_over_ssh(wishes: Wishes) -> Iterator[System]:
    if why := missing():
        raise NotInstalled(why)
    with running(wishes) as cluster, sshd() as server:
        yield SlurmOverSsh(cluster, server)


@contextmanager
def grid_engine() -> Iterator[System]:
    with grid_engine_cluster.running() as cluster:
        yield GridEngineSystem(cluster)


@contextmanager
def grid_engine_over_ssh() -> Iterator[System]:
    if why := missing():
        raise NotInstalled(why)
    with grid_engine_cluster.running() as cluster, sshd() as server:
        yield GridEngineOverSsh(cluster, server)


SYSTEMS: dict[str, Callable[[], AbstractContextManager[System]]] = {
    "slurm": lambda: slurm(Wishes()),
    "slurm-without-accounting": lambda: slurm(Wishes(accounting=False)),
    "slurm-over-ssh": lambda: slurm_over_ssh(Wishes()),
    "grid-engine": grid_engine,
    "grid-engine-over-ssh": grid_engine_over_ssh,
}


@pytest.fixture(scope="session", params=SYSTEMS)
def running_system(request: pytest.FixtureRequest) -> Iterator[System]:
    start = SYSTEMS[str(request.param)]()
    try:
        system = start.__enter__()
    except (NotInstalled, grid_engine_install.NotInstalled) as error:
        pytest.skip(str(error))
    try:
        yield system
    finally:
        start.__exit__(None, None, None)


@pytest.fixture
def system(running_system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    for name, value in running_system.environment.items():
        monkeypatch.setenv(name, value)
    return running_system


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """For the files of jobs."""
    return tmp_path / "work"


@pytest.fixture
async def backend(system: System, work: Path) -> AsyncIterator[BatchBackend]:
    async with system.connect(work) as backend:
        yield backend


@pytest.fixture
def trial(backend: BatchBackend, tmp_path: Path) -> Trial:
    """With tags that no other test has."""
    folder = tmp_path / "brought"
    folder.mkdir()
    return Trial(backend, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")
