"""One storm for each road and session, which many tests judge."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.dirac.faults.grounds import Ground, diracx_ground, service_ground
from tests.live.dirac.faults.storm import Storm, Stormy
from tests.live.dirac.faults.table import DIRACX, faults_of
from tests.live.dirac.services.installation import settings_of
from tests.live.dirac_server.servers import Site
from tests.live.diracx_server.running import DiracXServer


def _weathered(ground: Ground, folder: Path, *authorities: Path) -> Stormy:
    return asyncio.run(Storm(ground, faults_of(ground.road), folder, *authorities).run())


@pytest.fixture(scope="session")
def diracx_storm(diracx: DiracXServer, tmp_path_factory: pytest.TempPathFactory) -> Stormy:
    ground = diracx_ground(diracx, tmp_path_factory.mktemp("tokens"))
    return _weathered(ground, tmp_path_factory.mktemp(DIRACX))


@pytest.fixture(scope="session")
def https_storm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Stormy:
    ground = service_ground("https", site, settings_of(site))
    return _weathered(ground, tmp_path_factory.mktemp("https"), site.folder / "pki" / "ca.pem")


@pytest.fixture(scope="session")
def dips_storm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Stormy:
    ground = service_ground("dips", site, settings_of(site))
    return _weathered(ground, tmp_path_factory.mktemp("dips"), site.folder / "pki" / "ca.pem")


@pytest.fixture(scope="session")
def client_storm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Stormy:
    ground = service_ground("client", site, settings_of(site))
    return _weathered(ground, tmp_path_factory.mktemp("client"), site.folder / "pki" / "ca.pem")


@pytest.fixture
def storm(request: pytest.FixtureRequest) -> Callable[[str], Stormy]:
    """What was told in the storm over a road; its servers are started when it is first asked for."""

    def over(road: str) -> Stormy:
        found: Stormy = request.getfixturevalue(f"{road}_storm")
        return found

    return over
