"""Real servers for the tests of the roads to DIRAC, each for the session: a DiracX, with an identity at it for each
test, and DIRAC's own services.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.settings import Settings
from tests.live.dirac_server import install as dirac_install
from tests.live.dirac_server.servers import Site, running
from tests.live.diracx_server import install as diracx_install
from tests.live.diracx_server.running import DiracXServer
from tests.live.needs import needs_server
from tests.live.proxy import Proxy

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def diracx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracXServer]:
    """A DiracX with an empty database, where it is provisioned."""
    folder = needs_server("diracx", diracx_install.interpreter, diracx_install.NotInstalled)
    server = DiracXServer(folder, tmp_path_factory.mktemp("diracx"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """DIRAC's own services with empty databases, where they are provisioned."""
    folder = needs_server("dirac", dirac_install.interpreter, dirac_install.NotInstalled)
    with running(folder, tmp_path_factory.mktemp("dirac")) as found:
        yield found


@pytest.fixture(scope="session")
def session_credentials(diracx: DiracXServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokens that outlive the session, for those who do not renew them."""
    return diracx.login(tmp_path_factory.mktemp("login") / "credentials.json", access=36000, refresh=72000)


@pytest.fixture
def settings(diracx: DiracXServer, session_credentials: Path) -> Settings:
    return Settings(diracx_url=diracx.where.url, diracx_credentials=str(session_credentials))


@pytest.fixture
async def road(settings: Settings) -> AsyncIterator[DiracX]:
    async with open_road(settings) as road:
        yield road


@pytest.fixture
async def way(diracx: DiracXServer) -> AsyncIterator[Proxy]:
    """To the server, and one on which accidents happen."""
    async with Proxy(diracx.where.url) as way:
        yield way


@pytest.fixture
def group() -> str:
    """A job group that no other test has."""
    return f"test{next(_NUMBERS):04d}"


def description(name: str, group: str) -> str:
    """A job that would say hello."""
    return f'Executable = "/bin/echo"; Arguments = "hello"; JobName = "{name}"; JobGroup = "{group}";'
