"""What befalls a server itself: it is stopped and started, its clock is wrong, its database takes nothing."""

import asyncio
import itertools
import logging
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ganga
from ganga.backends.dirac.road import CredentialsExpired
from ganga.client import Client
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.live.dirac.faults.grounds import Ground, Row, diracx_ground, service_ground
from tests.live.dirac.faults.storm import PATIENCE, Storm, Told, by_hand, changes_of
from tests.live.dirac.faults.table import DIPS, DIRACX, HTTPS, LONG, ROADS, Fault
from tests.live.dirac.services.installation import settings_of
from tests.live.dirac_server.install import FAKETIME
from tests.live.proxy import Proxy, altered

if TYPE_CHECKING:
    from tests.live.dirac_server.servers import Site
    from tests.live.diracx_server.running import DiracXServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_AWAY = r"cannot be reached .*is the address right, and is there a network\?"
_FAKETIME = next(Path("/").glob(FAKETIME.removeprefix("/")), None)

_numbers = itertools.count(8_000_000, 100)


class Server:
    """Of one road: what can be done to it."""

    def __init__(self, road: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self.road = road
        folder.mkdir()
        self.stop: Callable[[], None]
        self.start: Callable[..., None]
        if road == DIRACX:
            diracx: DiracXServer = request.getfixturevalue("diracx")
            self.ground = diracx_ground(diracx, folder)
            self.authorities = folder
            self.stop, self.start = diracx.stop, diracx.start
        else:
            site: Site = request.getfixturevalue("site")
            self.ground = service_ground(road, site, settings_of(site))
            self.authorities = site.authorities
            self.stop = partial(site.processes.stop, _PROCESS[road])
            self.start = site.start_https if road == HTTPS else partial(site.start, "JobMonitoring")

    def set_clock(self, ahead: int) -> None:
        """From now on it is so many seconds ahead."""
        fake = {"LD_PRELOAD": str(_FAKETIME), "FAKETIME": f"{ahead:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.stop()
        self.start(**fake if ahead else {})


_PROCESS = {HTTPS: "https", DIPS: "JobMonitoring"}


@pytest.fixture(params=ROADS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    return Server(request.param, request, tmp_path / "ground")


def test_a_server_that_is_stopped_and_started_again(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Shown if the test fails: it says what jobs wait for that go on completing.
    caplog.set_level(logging.INFO, "ganga")
    (tmp_path / "storm").mkdir()
    own = [server.authorities.parent / "ca.pem"] if server.road != DIRACX else []
    faults = {"stopped": Fault(_AWAY)}
    storm = Storm(server.ground, faults, tmp_path / "storm", *own, begin=server.stop, end=server.start)
    found = asyncio.run(storm.run())
    told = found.targets["stopped"]
    assert told.error is not None
    assert "cannot be reached" in told.error
    assert [event for event in told.during if event.job is not None] == []
    _check_truth(told)
    assert set(found.local) == {JobStatus.COMPLETED}


def _check_truth(told: Told) -> None:
    found = {job: (told.records[job].status, told.records[job].attempt) for job in told.lives}
    assert found == {job: (life.status, life.attempt) for job, life in told.lives.items()}, str(told)
    # A server that is back has all that it had, output too.
    assert not [record for record in told.records.values() if "output missing" in (record.reason or "")], str(told)
    for job in told.jobs.values():
        changes = [change for change in changes_of(told.events, job) if change[1] is not None]
        assert len(changes) == len(set(changes))
    assert not told.down_at_the_end


async def until(client: Client, records: list[JobRecord], so: Callable[[JobRecord], bool]) -> list[JobRecord]:
    """Until it is so for all of them, as they then are."""
    deadline = time.monotonic() + 2 * PATIENCE
    found: list[JobRecord] = []
    while time.monotonic() < deadline:
        found = await client.store.get([record.id for record in records])
        if all(map(so, found)):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.skipif(_FAKETIME is None, reason="needs the system package faketime")
@pytest.mark.parametrize("road", [HTTPS, DIPS])
@pytest.mark.parametrize("ahead", [120, -120])
async def test_a_clock_that_is_two_minutes_off(
    road: str, ahead: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The services themselves run by it."""
    server = Server(road, request, tmp_path / "ground")
    config = config_of(tmp_path, server)

    async def set_clock(off: int) -> None:
        await by_hand(partial(server.set_clock, off))

    async with ganga.open(tmp_path / "home", config=config) as client:
        await _follow_with_clock(client, server.ground, ahead, set_clock)


@pytest.mark.skipif(_FAKETIME is None, reason="needs the system package faketime")
@pytest.mark.parametrize("road", [HTTPS, DIPS])
async def test_a_proxy_that_is_not_valid_yet_by_the_clock_of_a_service(
    road: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = Server(road, request, tmp_path / "ground")
    ground = server.ground
    words = r"begins to be valid only at \d{4}-.*are the clocks right, there and here\?"
    try:
        await by_hand(partial(server.set_clock, -3 * 86_400))
        with pytest.raises(CredentialsExpired, match=words):
            async with ground.open_road(ground.settings(None)) as opened:
                await opened.states([1])
    finally:
        await by_hand(partial(server.set_clock, 0))


@pytest.mark.parametrize("ahead", [120, -120])
async def test_a_clock_of_diracx_that_is_two_minutes_off(
    ahead: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A client sees it in the head of replies and in the times of updates."""
    server = Server(DIRACX, request, tmp_path / "ground")
    found: DiracXServer = request.getfixturevalue("diracx")
    async with Proxy(found.where.url) as way:

        async def set_clock(off: int) -> None:
            way.fault = altered(partial(_dated, off))

        config = config_of(tmp_path, server)
        config.write_text(config.read_text().replace(found.where.url, way.url))
        async with ganga.open(tmp_path / "home", config=config) as client:
            await _follow_with_clock(client, server.ground, ahead, set_clock)


def config_of(folder: Path, server: Server, *, patience: float = LONG) -> Path:
    """A settings file with the target ``dirac`` there, which has no sweeps: all news is the feed's."""
    config = folder / "ganga.toml"
    ground = server.ground
    target = ground.target(
        "dirac", ground.credentials("user"), None, server.authorities, patience=patience, sweeps=False
    )
    config.write_text(target)
    return config


async def _follow_with_clock(
    client: Client, ground: Ground, ahead: int, set_clock: Callable[[int], Awaitable[None]]
) -> None:
    """All news comes through the feed, which goes by the server's clock: when it is wrong and when it is set right."""
    first = next(_numbers)
    jobs = range(first, first + 3)
    await asyncio.to_thread(ground.insert, {job: Row("Waiting", "Pilot Agent Submission") for job in jobs})
    records = await client.track("dirac", *map(str, jobs))

    async def told(off: int, row: Row, status: JobStatus) -> None:
        await asyncio.to_thread(ground.change, dict.fromkeys(jobs, row), ahead=off)
        await until(client, records, partial(_stands, status, f"{row.status}/{row.minor}"))

    try:
        await set_clock(ahead)
        await told(ahead, Row("Running", "odd clock"), JobStatus.RUNNING)
    finally:
        await set_clock(0)
    await told(0, Row("Failed", "right clock"), JobStatus.FAILED)


def _dated(off: int, head: bytes, body: bytes) -> tuple[bytes, bytes]:
    said = re.search(rb"date: ([^\r]*)", head, re.IGNORECASE)
    assert said is not None
    right = parsedate_to_datetime(said[1].decode())
    return head.replace(said[1], format_datetime(right + timedelta(seconds=off), usegmt=True).encode()), body


def _stands(status: JobStatus, word: str, record: JobRecord) -> bool:
    return (record.status, record.native_status) == (status, word)
