"""The back end, as the rest of ganga sees it, on DIRAC's own services."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ganga.backends.base import Surroundings
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.model.ids import NativeId, TargetName
from ganga.testing.check_backend import CHECKS, Check, Samples, Trial
from tests.live.dirac.services.installation import Admin
from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def worker(road: Road, site: Site, admin: Admin, tmp_path: Path) -> ServiceWorker:
    folder = tmp_path / "worker"
    folder.mkdir()
    return ServiceWorker(road, site, admin, folder)


@pytest.fixture
async def backend(settings: Settings, road_name: str, tmp_path: Path) -> AsyncIterator[SwitchingBackend]:
    wanted = replace(settings, road=RoadName(road_name), commit_delay=1.0)
    async with connect(wanted, Surroundings(TargetName("dirac"), tmp_path / "dirac")) as backend:
        yield backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_promises_of_a_back_end_hold(
    backend: SwitchingBackend, check: Check, tmp_path: Path, worker: ServiceWorker
) -> None:
    async with worker.at_work():
        prefix = f"ganga-{uuid4().hex[:12]}"
        await check(
            Trial(backend, tmp_path, Samples(), NativeId("987654321"), pause=0.1, patience=300.0, prefix=prefix)
        )
