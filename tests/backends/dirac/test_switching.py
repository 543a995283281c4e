"""When another road is tried, and what becomes of the jobs then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ganga.backends.base import Strained, Surroundings
from ganga.backends.dirac import switching
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.outage import Outage
from ganga.backends.dirac.remembering import load
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.backends.dirac.switching import LONG_REST, SwitchingBackend
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.clock import Utc
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.backends.dirac.planned_roads import Plan
from tests.backends.dirac.scripted_road import ScriptedRoad, down

JOB = NativeId("7")


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


def rests(seconds: float) -> BackendUnavailable:
    return BackendUnavailable("the server is not ready", retry_after=seconds)


async def refused(backend: SwitchingBackend) -> BackendUnavailable:
    with pytest.raises(BackendUnavailable) as caught:
        await backend.changes(None)
    return caught.value


async def test_while_one_road_asks_to_be_left_alone_for_long_the_next_is_taken_at_once(
    plan: Plan, tmp_path: Path
) -> None:
    first, second = named("https"), named("dips")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        first.goes_wrong("whoami", rests(3600.0))
        first.calls.clear()
        error = await refused(backend)
        assert error.retry_after is None, "the target as a whole is not left alone"
        assert str(error) == "the server is not ready; it is asked over dips from now on"
        assert first.calls == [("whoami", 1)], "and the road that asked for it is"
        await backend.changes(None)
        assert spoken_over(backend) == "dips"
        assert first.calls == [("whoami", 1)]


async def test_with_no_other_road_open_the_target_is_left_alone_as_it_asks(plan: Plan, tmp_path: Path) -> None:
    first = named("https")
    plan(https=first, dips=down())
    async with opened(tmp_path) as backend:
        first.goes_wrong("whoami", rests(3600.0))
        assert (await refused(backend)).retry_after == 3600.0
        assert spoken_over(backend) == "https"


@pytest.mark.parametrize(
    ("seconds", "road"), [(LONG_REST - 1, RoadName.AUTO), (3600.0, RoadName.HTTPS)], ids=["short", "the only road"]
)
async def test_a_short_rest_is_granted_and_so_is_one_of_the_road_of_the_settings(
    plan: Plan, tmp_path: Path, seconds: float, road: RoadName
) -> None:
    first, second = named("https"), named("dips")
    plan(https=first, dips=second)
    async with opened(tmp_path, road) as backend:
        first.goes_wrong("whoami", rests(seconds))
        assert (await refused(backend)).retry_after == seconds
        assert backend._trying is None
    assert second.calls == []


@pytest.mark.usefixtures("at_once")
async def test_what_is_under_way_ends_on_the_road_on_which_it_began(plan: Plan, tmp_path: Path) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedRoad):
        name = "https"

        async def clock(self) -> Utc:
            asked.set()
            await answered.wait()
            return await super().clock()

    first, second = Slow(), named("dips")
    first.add(7, "Running")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend, asyncio.timeout(60):
        answer = asyncio.create_task(backend.changes(None))
        await asked.wait()
        first.goes_wrong("whoami", *[down()] * 9)
        first.goes_wrong("states", down())
        with pytest.raises(BackendUnavailable):
            await backend.poll([JOB])
        assert backend._trying is not None
        await backend._trying
        assert spoken_over(backend) == "dips"
        second.calls.clear()
        answered.set()
        assert set((await answer).seen) == {JOB}
        assert second.calls == []


@pytest.mark.usefixtures("at_once")
async def test_a_late_failure_of_the_road_that_was_left_says_nothing_of_the_present_one(
    plan: Plan, tmp_path: Path
) -> None:
    first, second = named("https"), named("dips")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        late = backend._present
        first.goes_wrong("whoami", *[down()] * 9)
        first.goes_wrong("states", down())
        with pytest.raises(BackendUnavailable):
            await backend.poll([JOB])
        assert backend._trying is not None
        await backend._trying
        backend._failed(late, announced=True)
        assert backend._trying.done()
        assert spoken_over(backend) == "dips"


@pytest.mark.usefixtures("at_once")
async def test_what_is_known_of_jobs_goes_with_them_from_road_to_road(plan: Plan, tmp_path: Path) -> None:
    first, second = named("https"), named("dips")
    for road in (first, second):
        road.add(7, "Running", owner="bob", name="ganga-7")
        road.add(8, "Failed", name="ganga-8")
    plan(https=first, dips=second)
    async with opened(tmp_path) as backend:
        assert set((await backend.poll([JOB, NativeId("8")])).seen) == {JOB}, "the other end has no words yet"
        first.goes_wrong("whoami", *[down()] * 9)
        await fails(backend)
        assert spoken_over(backend) == "dips"
        second.now += 1000
        second.set(7, "Done", "Execution Complete")
        seen = (await backend.changes(None)).seen
        assert {job: seen[job].status for job in seen} == {JOB: JobStatus.COMPLETED, "8": JobStatus.FAILED}


async def test_stuck_threads_of_the_road_are_told(plan: Plan, tmp_path: Path) -> None:
    class Stuck(ScriptedRoad):
        stuck_threads = 3

    plan(https=ConfigurationError("none"), dips=Stuck())
    async with opened(tmp_path) as backend:
        assert isinstance(backend, Strained)
        assert backend.stuck_threads == 3
