"""Several installations and several identities in one process."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ganga import app
from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.client import Client
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.live.dirac.together.campaign import PATIENCE, until
from tests.live.dirac.together.installation import ROADS, Installation
from tests.live.dirac.together.worker import CommonWorker
from tests.live.dirac.worker import Worker
from tests.live.diracx_server.running import DiracXServer

pytestmark = pytest.mark.slow

Opened = Callable[[Mapping[str, Settings]], app.Opening]


@pytest.fixture
def elsewhere(diracx: DiracXServer, session_credentials: Path) -> Settings:
    """Alice on another installation, which knows nothing of the first."""
    return Settings(
        road=RoadName.DIRACX,
        diracx_url=diracx.where.url,
        diracx_credentials=str(session_credentials),
        interval=0.5,
        commit_delay=2.0,
    )


@pytest.fixture
async def worker_elsewhere(elsewhere: Settings, diracx: DiracXServer, tmp_path: Path) -> AsyncIterator[Worker]:
    folder = tmp_path / "worker elsewhere"
    folder.mkdir()
    async with open_road(elsewhere) as road:
        yield Worker(road, diracx, folder)


async def test_two_installations_are_followed_side_by_side(
    opened: Opened, installation: Installation, elsewhere: Settings, worker: CommonWorker, worker_elsewhere: Worker
) -> None:
    async with (
        worker.at_work(),
        worker_elsewhere.at_work(),
        opened({"here": installation.settings(RoadName.DIPS), "there": elsewhere}) as client,
    ):
        jobs = [await client.submit(["sh", "-c", f"echo {name}"], target=name) for name in ("here", "there")]
        ended = await client.wait(*jobs, timeout=PATIENCE)
        assert [record.status for record in ended] == [JobStatus.COMPLETED] * 2
        assert [(await client.read(record)).decode() for record in ended] == ["here\n", "there\n"]


@pytest.mark.parametrize("road", ROADS)
async def test_each_of_two_identities_acts_on_its_own_jobs(
    road: RoadName, opened: Opened, installation: Installation, worker: CommonWorker
) -> None:
    async with worker.at_work():
        users = ("alice", "bob")
        async with opened({user: installation.settings(road, user) for user in users}) as client:
            jobs = [await client.submit(["sleep", "1000"], target=user, name=user) for user in users]
            await until(client, _is_running, [job.id for job in jobs])
            assert await _owners(installation, client, jobs) == list(users)
            await client.kill(jobs[0])
            (killed,) = await client.wait(jobs[0], timeout=PATIENCE)
            assert killed.status is JobStatus.KILLED
            assert _is_running(await client.get(jobs[1]))
            await client.kill(jobs[1])
            (killed,) = await client.wait(jobs[1], timeout=PATIENCE)
            assert killed.status is JobStatus.KILLED


def _is_running(record: JobRecord) -> bool:
    return record.native_status == "Running/Application"


async def _owners(installation: Installation, client: Client, jobs: Sequence[JobRecord]) -> list[str]:
    """As DIRAC has written them down."""
    return [_owner(installation, (await client.get(job)).native_id or "0") for job in jobs]


def _owner(installation: Installation, native_id: str) -> str:
    question = f"SELECT Owner FROM JobDB.Jobs WHERE JobID = {native_id}"  # noqa: S608 - a number
    return installation.site.sql(question).strip()
