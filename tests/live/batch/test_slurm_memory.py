"""A Slurm that gives jobs no more memory than they ask for."""

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.model.ids import TargetName
from ganga.model.job import JobSpec
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.needs import needs
from tests.live.slurm_server import install
from tests.live.slurm_server.cluster import running
from tests.live.slurm_server.configuration import CONTROL_GROUPS, Wishes
from tests.live.system_packages import NotInstalled

#: Bytes; the program takes ten times as many.
LIMIT = 50 << 20


@pytest.fixture
def _cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    needs(install.check, NotInstalled)
    if not os.access(CONTROL_GROUPS / "memory" / "tasks", os.W_OK):
        pytest.skip("the kernel has no control groups of the first version for memory, or we may not make any")
    with running(Wishes(accounting=False, memory_limits=True, min_job_age=300)) as cluster:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        yield


@pytest.mark.usefixtures("_cluster")
async def test_a_job_that_takes_more_memory_than_it_asked_for_has_failed_and_says_so(tmp_path: Path) -> None:
    spec = JobSpec(
        command=("python3", "-c", f"taken = bytearray(10 * {LIMIT}); taken[::4096] = taken[::4096]"),
        resources=Resources(memory=LIMIT),
    )
    settings = Settings(work_folder=str(tmp_path / "work"), commit_delay=2.0)
    async with connect(settings, Surroundings(TargetName("slurm"), tmp_path)) as backend:
        trial = Trial(backend, tmp_path, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")
        seen = await trial.end_of(await trial.submit(spec))
    assert (seen.status, seen.native_status) == (JobStatus.FAILED, "OUT_OF_MEMORY")
    assert "--memory" in (seen.reason or "")
