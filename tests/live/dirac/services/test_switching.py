"""From one road to another while jobs live, on the real services."""

import logging
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ganga.backends.base import Submission, Surroundings
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.outage import Outage
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.errors import BackendUnavailable
from ganga.model.ids import JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from tests.live.dirac.services.installation import Admin
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is enough to try the other roads."""
    original = Outage.__init__
    monkeypatch.setattr(Outage, "__init__", lambda outage: original(outage, 1, 0.0))


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(TargetName("dirac"), tmp_path / "dirac")


async def submitted(backend: SwitchingBackend) -> NativeId:
    tag = Tag(f"ganga-{uuid4().hex}")
    receipts = await backend.submit([Submission(JobId("1"), tag, JobSpec(command=("true",)))])
    return receipts.accepted[tag]


@pytest.mark.usefixtures("at_once")
async def test_while_one_kind_of_services_is_away_jobs_are_followed_over_the_other(
    site: Site, settings: Settings, admin: Admin, surroundings: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with connect(settings, surroundings) as backend:
        assert repr(backend).endswith("over https>")
        job = await submitted(backend)
        cursor = (await backend.changes(None)).cursor
        site.processes.stop("https")
        try:
            await admin.set_status(int(job), "Running", "Application")
            with pytest.raises(BackendUnavailable):
                await backend.changes(cursor)
            assert backend._trying is not None
            await backend._trying
            answer = await backend.changes(cursor)
            assert answer.seen[job].status is JobStatus.RUNNING
            assert (await backend.poll([job])).seen.keys() == {job}
            assert caplog.text.count("is spoken to over dips from now on") == 1
        finally:
            site.start_https()
        second = await submitted(backend)
        later = await backend.changes(answer.cursor)
        assert second in later.seen
    async with connect(settings, surroundings) as backend:
        assert repr(backend).endswith("over dips>"), "what worked the last time is tried first"
        assert (await backend.poll([job, second])).seen.keys() == {job, second}


async def test_the_last_road_is_that_of_diracs_own_client(settings: Settings, surroundings: Surroundings) -> None:
    # Addresses of nobody, which the client does not need: it finds its services as DIRAC does.
    nobody = replace(settings, services={}, configuration_servers=("dips://localhost:1/Configuration/Server",))
    async with connect(nobody, surroundings) as backend:
        assert repr(backend).endswith("over client>")
        assert await submitted(backend)
