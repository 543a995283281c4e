"""DIRAC's own services, where they are provisioned: ``python -m tests.live.provision dirac --folder D``."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from ganga.backends.dirac import dips, https
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import Settings
from tests.live.dirac.services.installation import Admin, settings_of
from tests.live.dirac_server.install import NotInstalled, interpreter
from tests.live.dirac_server.servers import Site, running
from tests.live.diracx_server.running import installed_in

ROADS = {"https": https.open_road, "dips": dips.open_road}


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    folder = installed_in(os.environ).with_name("dirac")
    try:
        interpreter(folder)
    except NotInstalled as error:
        pytest.skip(str(error))
    with running(folder) as found:
        yield found


@pytest.fixture
def admin(site: Site) -> Admin:
    return Admin(site)


@pytest.fixture
def settings(site: Site) -> Settings:
    return settings_of(site)


@pytest.fixture(params=sorted(ROADS))
def road_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def road(road_name: str, settings: Settings) -> AsyncIterator[Road]:
    async with ROADS[road_name](settings) as opened:
        yield opened
