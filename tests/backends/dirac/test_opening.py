"""Which road is taken, and what is said if there is none."""

from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.ids import TargetName
from tests.backends.dirac.planned_roads import Plan
from tests.backends.dirac.scripted_road import ScriptedRoad, down


async def taken(tmp_path: Path, road: RoadName = RoadName.AUTO) -> str:
    surroundings = Surroundings(TargetName("dirac"), tmp_path / "dirac")
    async with connect(Settings(road=road), surroundings) as backend:
        assert surroundings.folder.stat().st_mode & 0o777 == 0o700
        return repr(backend)


async def test_the_first_road_that_is_offered_is_taken_and_closed(plan: Plan, tmp_path: Path) -> None:
    first, second = ScriptedRoad(), ScriptedRoad()
    plan(diracx=ConfigurationError("no address"), https=first, dips=second)
    assert await taken(tmp_path) == "<SwitchingBackend over scripted>"
    assert first.calls == [("whoami", 1), ("close", 1)]
    assert second.calls == []


async def test_a_road_on_which_we_are_not_known_is_closed_and_left(plan: Plan, tmp_path: Path) -> None:
    first, second = ScriptedRoad(), ScriptedRoad()
    first.goes_wrong("whoami", CredentialsExpired("log in"))
    plan(diracx=first, https=second)
    await taken(tmp_path)
    assert first.calls == [("whoami", 1), ("close", 1)]
    assert second.calls[-1] == ("close", 1)


async def test_the_road_of_the_settings_is_taken(plan: Plan, tmp_path: Path) -> None:
    road = ScriptedRoad()
    plan(diracx=ScriptedRoad(), dips=road)
    await taken(tmp_path, RoadName.DIPS)
    assert road.calls == [("whoami", 1), ("close", 1)]


async def test_an_outage_of_the_only_road_that_is_configured_is_told_alone(plan: Plan, tmp_path: Path) -> None:
    plan(diracx=down(), https=ConfigurationError("no proxy"), dips=ConfigurationError("no proxy"))
    with pytest.raises(BackendUnavailable, match=r"^the server does not answer; ask again later$"):
        await taken(tmp_path)


async def test_credentials_that_have_expired_everywhere_are_told_as_such(plan: Plan, tmp_path: Path) -> None:
    plan(diracx=CredentialsExpired("log in"), https=CredentialsExpired("proxy"), dips=CredentialsExpired("proxy"))
    with pytest.raises(CredentialsExpired, match="diracx: log in; https: proxy; dips: proxy"):
        await taken(tmp_path)


async def test_no_road_at_all_is_a_matter_of_the_settings(plan: Plan, tmp_path: Path) -> None:
    plan()
    with pytest.raises(ConfigurationError, match=r"pip install 'ganga\[dirac\]'"):
        await taken(tmp_path)
