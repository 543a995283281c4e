"""What happens to connections ends no job, and makes none run twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.client import Client
from ganga.model.status import JobStatus
from tests.backends.batch.ssh.server import Sshd, check, sshd
from tests.live.batch.slurm_over_ssh import SlurmOverSsh
from tests.live.needs import needs
from tests.live.slurm_server import install as slurm_install
from tests.live.slurm_server.cluster import Cluster, running
from tests.live.slurm_server.configuration import Wishes
from tests.live.system_packages import NotInstalled

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 500.0
CUTS = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    needs(slurm_install.check, NotInstalled)
    with running(Wishes(accounting=False, min_job_age=300)) as cluster:
        yield cluster


@pytest.fixture
def server() -> Iterator[Sshd]:
    needs(check, NotInstalled)
    with sshd() as server:
        yield server


@pytest.fixture
async def client(
    cluster: Cluster, server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("slurm", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    system = SlurmOverSsh(cluster, server)
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.far]\n"
        'backend = "slurm"\n'
        f'work_folder = "{tmp_path / "work"}"\n'
        f"{system.settings}"
        "commit_delay = 2\n"
        "timeout = 20\n"
        "[targets.far.pace]\n"
        "fastest = 0.5\n"
        "slowest = 1\n"
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        yield client


async def test_a_connection_that_is_cut_again_and_again_ends_no_job_and_runs_none_twice(
    client: Client, cluster: Cluster, server: Sshd, tmp_path: Path
) -> None:
    """None of them ends before the last cut: who awaits nothing more need not connect again."""
    go = tmp_path / "go"
    script = f"echo >>'{tmp_path}/run.{{}}'; until test -e '{go}'; do sleep 0.5; done"
    jobs = [await client.submit(["sh", "-c", script.format(number)], target="far") for number in range(20)]
    for cut in range(1, CUTS + 1):
        await asyncio.to_thread(server.await_connection, cut)
        await asyncio.to_thread(server.cut)
    go.touch()
    ended = await client.wait(*jobs, timeout=PATIENCE)
    assert {(record.status, record.reason) for record in ended} == {(JobStatus.COMPLETED, None)}
    assert {record.attempt for record in ended} == {1}
    assert [await asyncio.to_thread((tmp_path / f"run.{number}").read_text) for number in range(20)] == ["\n"] * 20
    known = cluster.run("squeue", "--noheader", "--states=all", "--format=%T").split()
    assert known.count("COMPLETED") == len(jobs)
