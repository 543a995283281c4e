"""Real servers for the tests of the roads to DIRAC: one DiracX for the session, and an identity at it for each test."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.settings import Settings
from tests.live.diracx_server.install import NotInstalled, interpreter
from tests.live.diracx_server.running import DiracXServer, installed_in
from tests.live.proxy import Proxy

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def diracx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracXServer]:
    """A DiracX with an empty database, where it is provisioned."""
    folder = installed_in(os.environ)
    try:
        interpreter(folder)
    except NotInstalled as error:
        pytest.skip(str(error))
    server = DiracXServer(folder, tmp_path_factory.mktemp("diracx"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


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
