"""A pull request of the repository itself, one of a fork, and a bot that does not wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from tests.tools.bot.site import UGLY, Bench, Site, site


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


@pytest.fixture
def child() -> None:
    """For tests that want a real child process: to start it takes half a second."""


@pytest.fixture(autouse=True)
def workshop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "child" not in request.fixturenames:
        monkeypatch.setattr("ganga_quality.bot.propose._workshop", Bench)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        made.push({"b.py": UGLY, "old.py": b"o  = 1\np  = 2\n"})
        yield made


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, fork="eve", author="eve") as made:
        made.push({"b.py": UGLY, "old.py": b"o  = 1\np  = 2\n"})
        yield made
