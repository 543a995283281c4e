from collections.abc import Iterator

import pytest

from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled
from tests.store.postgres.filling import filled


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """One that may be stopped and killed."""
    del postgres_server
    needs(check, NotInstalled)
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def large(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a store with many jobs."""
    with filled(postgres_server) as url:
        yield url
