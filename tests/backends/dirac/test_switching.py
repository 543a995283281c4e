"""When another road is tried, and what becomes of the jobs then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from ganga.backends.base import Strained, Surroundings
from ganga.backends.dirac import switching
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.remembering import load
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.backends.dirac.switching import Outage, SwitchingBackend
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.ids import NativeId, TargetName
from tests.backends.dirac.planned_roads import Plan
from tests.backends.dirac.scripted_road import ScriptedRoad, down

JOB = NativeId("7")


def tried(outage: Outage, *times: float) -> list[float]:
    return [time for time in times if outage.failed(time)]


def test_the_roads_are_tried_after_several_failures_that_last() -> None:
    assert tried(Outage(), 0.0, 10.0, 59.0, 60.0) == [60.0]
    assert tried(Outage(), 0.0, 100.0) == []
    assert tried(Outage(), 0.0, 100.0, 200.0) == [200.0]


def test_an_answer_in_between_begins_the_count_anew() -> None:
    outage = Outage()
    assert tried(outage, 0.0, 50.0) == []
    outage.succeeded()
    assert tried(outage, 70.0, 80.0, 90.0, 130.0) == [130.0]


def test_while_none_works_they_are_tried_ever_more_seldom() -> None:
    outage = Outage()
    times = tried(outage, *(10.0 * number for number in range(1, 500)))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:5] == [60.0, 120.0, 240.0, 480.0, 960.0]
    assert set(pauses[5:]) == {960.0}


def named(name: str) -> ScriptedRoad:
    road = ScriptedRoad()
    road.name = name
    return road


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is enough."""
    original = Outage.__init__
    monkeypatch.setattr(Outage, "__init__", lambda outage: original(outage, 1, 0.0))


@asynccontextmanager
async def opened(tmp_path: Path, road: RoadName = RoadName.AUTO) -> AsyncIterator[SwitchingBackend]:
    async with connect(Settings(road=road), Surroundings(TargetName("dirac"), tmp_path / "dirac")) as backend:
        assert isinstance(backend, SwitchingBackend)
        yield backend


async def fails(backend: SwitchingBackend) -> None:
    with pytest.raises(BackendUnavailable):
        await backend.changes(None)
    if backend._trying is not None:
        await backend._trying


def spoken_over(backend: SwitchingBackend) -> str:
    return repr(backend).rpartition(" ")[2].rstrip(">")


@pytest.mark.usefixtures("at_once")
async def test_the_first_road_that_works_is_gone_over_to_and_said_once(
    plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = named("https"), named("dips")
    for road in (first, second):
        road.add(7, "Running", name="ganga-7")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        await backend.poll([JOB])
        cursor = (await backend.changes(None)).cursor
        first.goes_wrong("whoami", *[down()] * 9)
        first.goes_wrong("changed", *[down()] * 9)
        second.set(7, "Done", "Execution Complete")
        caplog.clear()
        await fails(backend)
        assert spoken_over(backend) == "dips"
        assert caplog.text.count("from now on") == 1
        answer = await backend.changes(cursor)
        assert set(answer.seen) == {JOB}, "what happened in between is told"
        assert first.calls.count(("close", 1)) == 1, "the trial; on the road itself something may be under way"
    assert first.calls[-1] == second.calls[-1] == ("close", 1)
    remembered = load(tmp_path / "dirac", Settings())
    assert remembered is not None
    assert (remembered.road, remembered.witnesses) == (RoadName.DIPS, {7: "ganga-7"})


@pytest.mark.usefixtures("at_once")
async def test_a_road_to_another_installation_is_not_taken(plan: Plan, tmp_path: Path) -> None:
    first, second = named("https"), named("dips")
    first.add(7, "Running", name="ganga-7")
    second.add(7, "Done", name="somebody else's")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        await backend.poll([JOB])
        first.goes_wrong("whoami", *[down()] * 9)
        first.goes_wrong("changed", down())
        await fails(backend)
        assert spoken_over(backend) == "https"
    plan(https=down(), dips=second)
    with pytest.raises(BackendUnavailable, match=r"https: the server does not answer.*dips: its servers do not know"):
        async with opened(tmp_path):
            pass


@pytest.mark.usefixtures("at_once")
async def test_a_road_that_works_again_is_kept(plan: Plan, tmp_path: Path) -> None:
    first, second = named("https"), named("dips")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        first.goes_wrong("changed", down())
        first.add(7)
        await fails(backend)
        assert spoken_over(backend) == "https"
        assert second.calls == []


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("road", "error"), [(RoadName.AUTO, CredentialsExpired("renew the proxy")), (RoadName.HTTPS, down())]
)
async def test_neither_expired_credentials_nor_a_road_of_the_settings_is_left(
    plan: Plan, tmp_path: Path, road: RoadName, error: BackendUnavailable
) -> None:
    first, second = named("https"), named("dips")
    first.add(7)
    plan(https=first, dips=second)
    async with opened(tmp_path, road) as backend:
        first.goes_wrong("states", *[error] * 5)
        for _ in range(5):
            with pytest.raises(type(error)):
                await backend.poll([JOB])
        assert backend._trying is None
    assert second.calls == []


async def test_the_road_of_the_last_time_is_tried_first(plan: Plan, tmp_path: Path) -> None:
    plan(diracx=down(), https=named("https"))
    async with opened(tmp_path):
        pass
    first = named("diracx")
    plan(diracx=first, https=named("https"))
    async with opened(tmp_path) as backend:
        assert spoken_over(backend) == "https"
    assert first.calls == []


@pytest.mark.usefixtures("at_once")
async def test_closing_ends_a_trial(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def endless(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    first = named("https")
    plan(https=first)
    async with opened(tmp_path) as backend:
        monkeypatch.setattr(switching, "take", endless)
        first.goes_wrong("states", down())
        with pytest.raises(BackendUnavailable):
            await backend.poll([JOB])
        async with asyncio.timeout(60):
            await asked.wait()
        trial = backend._trying
    assert trial is not None
    assert trial.cancelled()
    assert first.calls[-1] == ("close", 1)


async def test_stuck_threads_of_the_road_are_told(plan: Plan, tmp_path: Path) -> None:
    class Stuck(ScriptedRoad):
        stuck_threads = 3

    plan(https=ConfigurationError("none"), dips=Stuck())
    async with opened(tmp_path) as backend:
        assert isinstance(backend, Strained)
        assert backend.stuck_threads == 3
