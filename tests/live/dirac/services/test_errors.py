"""What goes wrong between us and DIRAC's own services is said in words, and is believed to be nothing else."""

import asyncio
import shutil
import socket
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.dirac.road import CredentialsExpired, Road
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from tests.live.dirac.services.conftest import ROADS
from tests.live.dirac.services.installation import description, settings_of
from tests.live.dirac.services.relay import relayed
from tests.live.dirac_server.processes import dead_port
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow


async def _fails(road_name: str, settings: Settings, kind: type[BackendUnavailable]) -> str:
    with pytest.raises(kind) as caught:
        async with ROADS[road_name](settings) as road:
            await road.states([1])
    return str(caught.value)


async def test_a_name_that_nobody_knows(road_name: str, site: Site) -> None:
    async def ask() -> None:
        async with ROADS[road_name](settings_of(site, "unknown")) as road:
            await road.whoami()

    with pytest.raises(CredentialsExpired, match=r"registered"):
        await ask()
    assert "registered with this DIRAC" in await _fails(road_name, settings_of(site, "unknown"), CredentialsExpired)


@pytest.mark.parametrize("road_name", ["dips", "https"])  # DIRAC's client does not hear why it is turned away
async def test_a_proxy_of_a_foreign_authority(road_name: str, site: Site) -> None:
    words = await _fails(road_name, settings_of(site, "foreign"), CredentialsExpired)
    assert "does not know the authority" in words


async def test_a_proxy_that_has_expired_is_not_even_sent(road_name: str, site: Site) -> None:
    words = await _fails(road_name, settings_of(site, "expired"), CredentialsExpired)
    assert "ended at" in words
    assert "dirac-proxy-init" in words


async def test_a_proxy_that_the_service_says_has_expired(
    road_name: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.backends.web.proxy.Proxy._check_lifetime", lambda _proxy, _chain: None)
    words = await _fails(road_name, settings_of(site, "expired"), CredentialsExpired)
    assert "the proxy has expired" in words


async def test_no_proxy_at_all(road_name: str, settings: Settings, tmp_path: Path) -> None:
    words = await _fails(road_name, replace(settings, proxy=str(tmp_path / "none")), CredentialsExpired)
    assert "there is no grid proxy" in words


async def test_a_server_of_a_foreign_authority(road_name: str, site: Site, settings: Settings) -> None:
    foreign = replace(settings, authorities=str(site.folder / "foreign" / "certificates"))
    assert "is not trusted" in await _fails(road_name, foreign, NotSent)


async def test_nobody_listens(road_name: str, settings: Settings) -> None:
    scheme = "https" if road_name == "https" else "dips"
    with dead_port() as port:
        nowhere = {"WorkloadManagement/JobMonitoring": f"{scheme}://localhost:{port}/WorkloadManagement/JobMonitoring"}
        words = await _fails(road_name, replace(settings, services=nowhere), NotSent)
    assert "cannot be reached" in words


async def test_the_first_address_is_dead_and_the_second_is_taken(road_name: str, settings: Settings) -> None:
    scheme = "https" if road_name == "https" else "dips"
    service = "WorkloadManagement/JobMonitoring"
    with dead_port() as port:
        both = f"{scheme}://localhost:{port}/{service}, {settings.services[service]}"
        async with ROADS[road_name](replace(settings, services={**settings.services, service: both})) as road:
            assert await road.states([99_999_999]) == {}


async def test_a_service_that_is_not_there(road_name: str, settings: Settings) -> None:
    service = "WorkloadManagement/JobMonitoring"
    wrong = settings.services[service].replace("JobMonitoring", "Nonsense")
    words = await _fails(road_name, replace(settings, services={service: wrong}), BackendUnavailable)
    assert "is the address that of the right service?" in words


async def test_a_service_that_accepts_and_says_nothing(road_name: str, settings: Settings) -> None:
    # The kernel accepts, and nobody takes the connection up.
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"localhost:{server.getsockname()[1]}/WorkloadManagement/JobMonitoring"
        silent = {"WorkloadManagement/JobMonitoring": f"https://{where}, dips://{where}"}
        words = await _fails(road_name, replace(settings, services=silent, timeout=0.5), BackendUnavailable)
        assert "within 0.5 s" in words


async def test_a_service_comes_back(site: Site, settings: Settings) -> None:
    async with ROADS["dips"](settings) as road:
        site.processes.stop("JobMonitoring")
        try:
            with pytest.raises(NotSent, match="cannot be reached"):
                await road.states([1])
        finally:
            site.start("JobMonitoring")
        assert await road.states([99_999_999]) == {}


async def test_a_renewed_proxy_is_taken_up_by_an_open_road(
    road_name: str, site: Site, settings: Settings, tmp_path: Path
) -> None:
    place = tmp_path / "proxy.pem"
    shutil.copy(site.proxy("user"), place)
    async with ROADS[road_name](replace(settings, proxy=str(place))) as road:
        assert (await road.whoami()).group == "user"
        place.unlink()
        shutil.copy(site.proxy("expired"), place)
        with pytest.raises(CredentialsExpired, match="ended at"):
            await road.states([1])
        place.unlink()
        shutil.copy(site.proxy("admin"), place)
        assert (await road.whoami()).group == "admin"


async def test_two_identities_in_one_process(road_name: str, site: Site) -> None:
    async with ROADS[road_name](settings_of(site)) as user, ROADS[road_name](settings_of(site, "admin")) as admin:
        found = await asyncio.gather(*(road.whoami() for road in (user, admin) * 5))
    assert [who.group for who in found] == ["user", "admin"] * 5


async def test_a_cancelled_call_ends_at_once(road_name: str, settings: Settings) -> None:
    async with ROADS[road_name](settings) as road:
        task = asyncio.create_task(road.history(range(1, 200)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await road.states([99_999_999]) == {}


@pytest.mark.parametrize("name", ["client", "lonely"])
async def test_addresses_come_from_the_configuration(name: str, road_name: str, site: Site, settings: Settings) -> None:
    file = site.folder / name / "etc" / "dirac.cfg"
    async with ROADS[road_name](replace(settings, services={}, dirac_cfg=str(file))) as road:
        (job,) = await road.submit([description("by configuration")])
        assert set(await road.states([job])) == {job}


async def _first_answer(opening: AbstractAsyncContextManager[Road], stack: AsyncExitStack) -> None:
    road = await stack.enter_async_context(opening)
    await road.states(range(5_000_001, 5_001_001))


async def _answered(road: Road) -> bool:
    try:
        return set(await road.states([5_000_001])) == {5_000_001}
    except BackendUnavailable:
        return False


async def _answers(road: Road) -> list[bool]:
    """Of so many questions at once that each thread of the service has one."""
    return await asyncio.gather(*(_answered(road) for _ in range(40)))


@pytest.mark.parametrize("cut_after", [0, 700, 2500, 6000, 9000])
async def test_a_connection_that_is_cut_gives_no_answer(
    road_name: str, site: Site, settings: Settings, cut_after: int
) -> None:
    site.sql(_MANY_JOBS)
    port = site.ports.https if road_name == "https" else site.ports.services["JobMonitoring"]
    async with relayed(port, cut_after=cut_after) as relay, AsyncExitStack() as stack:
        service = "WorkloadManagement/JobMonitoring"
        there = settings.services[service]
        cut = {**settings.services, service: there.replace(f":{port}/", f":{relay}/")}
        asking = _first_answer(ROADS[road_name](replace(settings, services=cut)), stack)
        with pytest.raises(BackendUnavailable):
            await asking
    async with ROADS[road_name](settings) as whole:
        assert len(await whole.states(range(5_000_001, 5_001_001))) == 1000


async def test_the_database_is_away_and_comes_back(road_name: str, site: Site, settings: Settings) -> None:
    site.sql(_MANY_JOBS)
    try:
        # Services try for a minute and more to reach their database.
        impatient = ROADS[road_name](replace(settings, timeout=20.0))
        async with ROADS[road_name](settings) as road, impatient as hurried:
            assert all(await _answers(road)), "each thread of the service has used its connection just now"
            site.processes.stop("database")
            try:
                with pytest.raises(BackendUnavailable):
                    await hurried.states([5_000_001])
            finally:
                site.start_database()
            # Each of the service's own connections to the database has to find out for itself.
            assert any([await _answered(hurried) for _ in range(10)])
    finally:
        site.restart_services()
    async with ROADS[road_name](settings) as road:
        assert all(await _answers(road)), "other tests find it as it was"


async def _submitted(road: Road) -> bool:
    try:
        return bool(await road.submit([description("read only")]))
    except BackendUnavailable:
        return False


async def test_a_database_that_is_read_only_refuses_no_job(road_name: str, site: Site, settings: Settings) -> None:
    async with ROADS[road_name](settings) as road:
        site.sql("SET GLOBAL read_only = 1;")
        try:
            assert not await _submitted(road)
        finally:
            site.sql("SET GLOBAL read_only = 0;")
        assert await _submitted(road)


#: A thousand running jobs of Alice.
_MANY_JOBS = """
USE JobDB; SET FOREIGN_KEY_CHECKS = 0;
REPLACE INTO Jobs (JobID, JobName, Owner, OwnerGroup, VO, SubmissionTime, LastUpdateTime, Status, MinorStatus)
SELECT seq + 5000000, CONCAT('many', seq), 'alice', 'user', 'testvo', UTC_TIMESTAMP(), UTC_TIMESTAMP(),
'Running', 'Application' FROM seq_1_to_1000;
"""
