"""What all tests share.

Random tests look a little by default, and for long with ``HYPOTHESIS_PROFILE=thorough``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled

settings.register_profile(
    "quick", max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def ganga_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the test and the programs that it starts, whose spooler ends soon after its last job."""
    config = tmp_path / "ganga.toml"
    config.write_text("[targets.local]\nlinger = 0.2\n")
    monkeypatch.setenv("GANGA_CONFIG", str(config))
    monkeypatch.setenv("GANGA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GANGA_TARGET", raising=False)
    return tmp_path / "home"


@contextmanager
def database_of(server: PostgresServer) -> Iterator[str]:
    """A database that is gone at the end."""
    name = server.new_database()
    try:
        yield name
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests that leave it as it is."""
    needs(check, NotInstalled)
    with running(durable=False) as server:
        yield server


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of an empty database."""
    with database_of(postgres_server) as name:
        yield name


@pytest.fixture
def url(postgres_server: PostgresServer, database: str) -> str:
    """Of an empty database."""
    return postgres_server.url(database)
