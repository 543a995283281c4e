"""Services that answer in DEncode, as those of version 8 do: a whole campaign passes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganga.client import Client
from tests.live.dirac.services import test_campaign as campaign
from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac_server.servers import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_SERVICES = ("JobMonitoring", "JobManager", "SandboxStore", "JobStateUpdate")

client = campaign.client
worker = campaign.worker


@pytest.fixture(params=["dips"])
def road_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def old_services(site: Site) -> Iterator[None]:
    try:
        for service in _SERVICES:
            site.restart(service, DIRAC_USE_JSON_ENCODE="no")
        yield
    finally:
        for service in _SERVICES:
            site.restart(service)


async def test_a_campaign_over_dencode_ends_as_its_jobs_do(
    client: Client, tmp_path: Path, worker: ServiceWorker
) -> None:
    await campaign.test_a_campaign_ends_as_its_jobs_do(client, tmp_path, worker)
