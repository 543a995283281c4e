"""A whole campaign, from submission to output, through the monitor and on DIRAC's own services."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import Settings
from ganga.client import Client
from ganga.model.ids import number_and_index
from ganga.model.status import JobStatus
from tests.live.dirac.services.installation import Admin
from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac_server.servers import Site

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 300.0

pytestmark = pytest.mark.slow


@pytest.fixture
async def client(
    settings: Settings, road_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("dirac", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    services = "".join(f"{json.dumps(name)} = {json.dumps(url)}\n" for name, url in settings.services.items())
    config.write_text(
        "[targets.dirac]\n"
        f'road = "{road_name}"\n'
        f'proxy = "{settings.proxy}"\n'
        f'authorities = "{settings.authorities}"\n'
        f'organisation = "{settings.organisation}"\n'
        f'client_environment = "{settings.client_environment}"\n'
        f'dirac_cfg = "{settings.dirac_cfg}"\n'
        "interval = 0.5\n"
        "commit_delay = 2\n"
        "[targets.dirac.services]\n" + services
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        yield client


@pytest.fixture
def worker(road: Road, site: Site, admin: Admin, tmp_path: Path) -> ServiceWorker:
    folder = tmp_path / "worker"
    folder.mkdir()
    return ServiceWorker(road, site, admin, folder)


async def test_a_campaign_ends_as_its_jobs_do(client: Client, tmp_path: Path, worker: ServiceWorker) -> None:
    async with worker.at_work():
        data = tmp_path / "data.txt"
        data.write_text("shared\n")
        script = 'cat data.txt; echo "$GANGA_SUBJOB_INDEX" > result.txt; test "$GANGA_SUBJOB_INDEX" -lt 25'
        job = await client.submit(
            ["sh", "-c", script], target="dirac", subjobs=30, inputs=[data], outputs=["result.txt"]
        )
        (ended,) = await client.wait(job, timeout=PATIENCE)
        assert ended.status is JobStatus.FAILED
        records = sorted(
            [record async for record in client.select(parent=job.id)], key=lambda record: number_and_index(record.id)
        )
        assert [record.status for record in records] == [JobStatus.COMPLETED] * 25 + [JobStatus.FAILED] * 5
        assert {record.exit_code for record in records[25:]} == {1}
        assert {record.attempt for record in records} == {1}
        for number in (0, 29):
            folder = await client.fetch(records[number])
            assert (folder / "result.txt").read_text() == f"{number}\n"
            assert (folder / "stdout").read_text() == "shared\n"


async def test_a_job_that_is_rescheduled_after_its_end_is_followed_again_without_being_asked_for(
    client: Client, road: Road, tmp_path: Path, worker: ServiceWorker
) -> None:
    async with worker.at_work():
        mark = tmp_path / "mark"
        job = await client.submit(["sh", "-c", f"test -e {mark}"], target="dirac")
        (failed,) = await client.wait(job, timeout=PATIENCE)
        assert (failed.status, failed.attempt) == (JobStatus.FAILED, 1)
        mark.touch()
        assert failed.native_id is not None
        await road.reschedule([int(failed.native_id)])
        async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
            async for event in events:
                if event.attempt == 2 and event.new is JobStatus.COMPLETED:
                    break
        record = await client.get(job)
        assert (record.status, record.attempt, record.native_id) == (JobStatus.COMPLETED, 2, failed.native_id)
        folder = await client.fetch(job)
        assert folder.name == "output-2", "each attempt has a folder of its own"
