"""The back end, as the rest of ganga sees it, on DIRAC's own services."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ganga.backends.base import Surroundings
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.model.ids import NativeId, TargetName
from ganga.testing.check_backend import CHECKS, Check, Samples, Trial
from tests.live.dirac.services.installation import Admin
from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow


@pytest.fixture
async def worker(road: Road, site: Site, admin: Admin, tmp_path: Path) -> AsyncIterator[ServiceWorker]:
    folder = tmp_path / "worker"
    folder.mkdir()
    worker = ServiceWorker(road, site, admin, folder)
    async with worker.at_work():
        yield worker


@pytest.fixture
async def backend(settings: Settings, road_name: str, tmp_path: Path) -> AsyncIterator[DiracBackend]:
    wanted = replace(settings, road=RoadName(road_name), commit_delay=1.0)
    async with connect(wanted, Surroundings(TargetName("dirac"), tmp_path / "dirac")) as backend:
        yield backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.usefixtures("worker")
async def test_the_promises_of_a_back_end_hold(backend: DiracBackend, check: Check, tmp_path: Path) -> None:
    prefix = f"ganga-{uuid4().hex[:12]}"
    await check(Trial(backend, tmp_path, Samples(), NativeId("987654321"), pause=0.1, patience=300.0, prefix=prefix))
