"""From DiracX to DIRAC's services and to nowhere else, while jobs live."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ganga.backends.base import Submission, Surroundings
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.outage import Outage
from ganga.backends.dirac.roads import take
from ganga.backends.dirac.settings import RoadName
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from tests.live.dirac.services.installation import Admin
from tests.live.dirac.together.installation import Installation
from tests.live.diracx_server.running import DiracXServer

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is enough to try the other roads."""
    original = Outage.__init__
    monkeypatch.setattr(Outage, "__init__", lambda outage: original(outage, 1, 0.0))


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(TargetName("dirac"), tmp_path / "dirac")


@contextmanager
def away(server: DiracXServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


async def submitted(backend: SwitchingBackend) -> NativeId:
    tag = Tag(f"ganga-{uuid4().hex}")
    receipts = await backend.submit([Submission(JobId("1"), tag, JobSpec(command=("true",)))])
    return receipts.accepted[tag]


async def tried_in_vain(backend: SwitchingBackend, cursor: Cursor | None) -> None:
    """A question that fails, after which other roads have been tried."""
    with pytest.raises(BackendUnavailable):
        await backend.changes(cursor)
    assert backend._trying is not None
    await backend._trying


async def test_from_diracx_to_the_services_of_the_same_installation(
    installation: Installation, surroundings: Surroundings
) -> None:
    admin = Admin(installation.site)
    async with connect(installation.settings(RoadName.AUTO), surroundings) as backend:
        assert repr(backend).endswith("over diracx>")
        job = await submitted(backend)
        cursor = (await backend.changes(None)).cursor
        with away(installation.diracx):
            await admin.set_status(int(job), "Running", "Application")
            await tried_in_vain(backend, cursor)
            assert repr(backend).endswith("over https>")
            answer = await backend.changes(cursor)
            assert answer.seen[job].status is JobStatus.RUNNING
            assert not (await backend.poll([job])).absent


async def test_a_diracx_of_its_own_is_another_installation_and_passed_over(
    installation: Installation, diracx: DiracXServer, surroundings: Surroundings, tmp_path: Path
) -> None:
    tokens = tmp_path / "credentials.json"
    elsewhere = {"diracx_url": diracx.where.url, "diracx_credentials": str(tokens)}
    async with connect(replace(installation.settings(RoadName.AUTO), **elsewhere), surroundings) as backend:
        assert repr(backend).endswith("over https>"), "nobody has logged in to DiracX"
        job = await submitted(backend)
        diracx.login(tokens, access=36_000, refresh=72_000)
        installation.site.processes.stop("https")
        try:
            await tried_in_vain(backend, None)
        finally:
            installation.site.start_https()
        assert repr(backend).endswith("over dips>")
        assert not (await backend.poll([job])).absent
        with pytest.raises(BackendUnavailable, match=r"do not know the jobs that were seen over dips"):
            await take([RoadName.DIRACX], backend._settings, backend._check)
