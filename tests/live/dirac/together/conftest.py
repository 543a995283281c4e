"""One installation with DIRAC's services and DiracX for these tests, and what runs its jobs."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.settings import RoadName, Settings
from tests.live.dirac.services.installation import Admin, archive
from tests.live.dirac.together.installation import Installation, both, configuration
from tests.live.dirac.together.worker import CommonWorker
from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.needs import needs_server


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """DIRAC and DiracX on the same databases, where both are provisioned."""
    services = needs_server("dirac", dirac.interpreter, dirac.NotInstalled)
    rest = needs_server("diracx", diracx.interpreter, diracx.NotInstalled)
    with both(services, rest, tmp_path_factory.mktemp("both")) as found:
        yield found


@pytest.fixture
async def worker(installation: Installation, tmp_path: Path) -> AsyncIterator[CommonWorker]:
    folder = tmp_path / "worker"
    folder.mkdir()
    async with open_road(installation.settings(RoadName.DIRACX)) as road:
        # DiracX 0.7 writes an owner down twice whose first sandboxes come at once, and finds none of theirs then.
        await road.upload(archive(tmp_path, first="sandbox"))
        yield CommonWorker(road, installation.site, Admin(installation.site), folder)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Settings]], app.Opening]:
    """Opens the same home with these targets, each time as another process would."""
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("dirac", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"

    def opening(targets: Mapping[str, Settings]) -> app.Opening:
        config.write_text(configuration(targets))
        return ganga.open(tmp_path / "home", config=config)

    return opening
