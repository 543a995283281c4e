from collections.abc import Iterator

import pytest

from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """One that may be stopped and killed."""
    del postgres_server
    needs(check, NotInstalled)
    with running() as server:
        yield server
