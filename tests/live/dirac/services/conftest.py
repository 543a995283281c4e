"""Roads to DIRAC's own services, and an administrator of these."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec.structs import replace

from ganga.backends.dirac import dips, https
from ganga.backends.dirac.client import services as client
from ganga.backends.dirac.dirac_cfg import values
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import Settings
from tests.live.dirac.services.installation import Admin, settings_of
from tests.live.dirac_server.servers import Site


def _client(settings: Settings) -> AbstractAsyncContextManager[Road]:
    """DIRAC's client over DISET; over HTTPS it is tried elsewhere."""
    given = {
        service: [url for url in values(urls) if url.startswith("dips")] for service, urls in settings.services.items()
    }
    return client.open_road(replace(settings, services={service: ", ".join(urls) for service, urls in given.items()}))


ROADS = {"https": https.open_road, "dips": dips.open_road, "client": _client}


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
