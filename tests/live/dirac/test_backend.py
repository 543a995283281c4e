"""The back end, as the rest of ganga sees it, on a real DiracX."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Surroundings
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.model.ids import NativeId, TargetName
from ganga.testing.check_backend import CHECKS, Check, Samples, Trial
from tests.live.dirac.worker import Worker
from tests.live.diracx_server.running import DiracXServer


@pytest.fixture
def worker(road: DiracX, diracx: DiracXServer, tmp_path: Path) -> Worker:
    folder = tmp_path / "worker"
    folder.mkdir()
    return Worker(road, diracx, folder)


@pytest.fixture
async def backend(settings: Settings, tmp_path: Path) -> AsyncIterator[SwitchingBackend]:
    surroundings = Surroundings(TargetName("dirac"), tmp_path / "dirac")
    async with connect(replace(settings, commit_delay=1.0), surroundings) as backend:
        yield backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_promises_of_a_back_end_hold(
    backend: SwitchingBackend, check: Check, tmp_path: Path, group: str, worker: Worker
) -> None:
    async with worker.at_work():
        prefix = f"ganga-{group}"
        await check(
            Trial(backend, tmp_path, Samples(), NativeId("987654321"), pause=0.1, patience=300.0, prefix=prefix)
        )
