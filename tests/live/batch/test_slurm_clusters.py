"""Two clusters with one accounting: jobs of the same number are two jobs."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.errors import ConfigurationError
from ganga.model.ids import NativeId, TargetName
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.needs import needs
from tests.live.slurm_server import install
from tests.live.slurm_server.cluster import Cluster, running
from tests.live.slurm_server.configuration import CLUSTER, Wishes
from tests.live.system_packages import NotInstalled

OTHER = "other"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, Cluster]]:
    """The commands speak to the first by themselves."""
    needs(install.check, NotInstalled)
    with running(Wishes()) as first, first.neighbour(OTHER) as second:
        monkeypatch.setenv("SLURM_CONF", str(first.conf))
        for cluster in (first, second):
            cluster.until_registered()
        yield first, second


def target(cluster: str, folder: Path) -> AbstractAsyncContextManager[BatchBackend]:
    settings = Settings(cluster=cluster, work_folder=str(folder / cluster), commit_delay=2.0)
    return connect(settings, Surroundings(TargetName(cluster), folder))


@pytest.fixture
async def trials(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> AsyncIterator[tuple[Trial, Trial]]:
    del clusters
    async with target(CLUSTER, tmp_path) as first, target(OTHER, tmp_path) as second:
        yield trial_on(first, tmp_path), trial_on(second, tmp_path)


def trial_on(backend: BatchBackend, folder: Path) -> Trial:
    return Trial(backend, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")


def is_forgotten(cluster: Cluster, native_id: NativeId) -> bool:
    return not cluster.run("squeue", "--noheader", "--states=all", f"--jobs={native_id}", check=False)


def federate(cluster: Cluster) -> None:
    """It and the other one."""
    cluster.run("sacctmgr", "-i", "add", "federation", "union", f"clusters={CLUSTER},{OTHER}")
    deadline = time.monotonic() + PATIENCE
    while "Synced:Yes" not in cluster.run("scontrol", "show", "federation"):
        assert time.monotonic() < deadline, "the clusters do not find each other"
        time.sleep(0.1)


async def test_a_federation_is_refused_unless_one_of_its_clusters_is_named(
    clusters: tuple[Cluster, Cluster], trials: tuple[Trial, Trial], tmp_path: Path
) -> None:
    (first, second), (near, _) = clusters, trials
    federate(first)
    with pytest.raises(ConfigurationError, match=r"the federation union.*`cluster`"):
        async with target("", tmp_path):
            pass
    jobs = [await near.submit(JobSpec(command=("sh", "-c", "exit 3"))) for _ in range(3)]
    assert {(await near.end_of(job)).exit_code for job in jobs} == {3}
    there = second.run("squeue", "--local", "--noheader", "--states=all", "--format=%i").split()
    assert not set(jobs) & set(there)


async def test_jobs_of_the_same_number_on_two_clusters_are_two_jobs(
    clusters: tuple[Cluster, Cluster], trials: tuple[Trial, Trial]
) -> None:
    (first, second), (near, far) = clusters, trials
    ended = await near.submit(JobSpec(command=("sh", "-c", "exit 3")))
    endless = await far.submit(JobSpec(command=("sleep", "3600")))
    assert ended == endless
    seen = await near.end_of(ended)
    assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 3)
    await far.until(endless, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    await near.backend.kill([ended])
    await near.until(ended, lambda _: is_forgotten(first, ended), "been forgotten")
    assert (await near.end_of(ended)).exit_code == 3
    assert (await far.backend.poll([endless])).seen[endless].status is JobStatus.RUNNING
    await far.backend.kill([endless])
    assert (await far.end_of(endless)).status is JobStatus.KILLED
    await far.until(endless, lambda _: is_forgotten(second, endless), "been forgotten")
    assert (await far.end_of(endless)).status is JobStatus.KILLED
    assert (await near.end_of(ended)).exit_code == 3
