"""Roads that an installation of the tests offers, in place of the real ones."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import ModuleType

import pytest

from ganga.backends.dirac.roads import ROADS
from ganga.backends.dirac.settings import RoadName, Settings
from tests.backends.dirac.scripted_road import ScriptedRoad

Plan = Callable[..., None]


@pytest.fixture(name="plan")
def planned_roads(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Roads that open, or raise this when they are opened; those that are not named are not installed."""

    def install(**roads: ScriptedRoad | Exception) -> None:
        modules = {name: f"roads_of_the_test.{name}" for name in ROADS}
        for name, module_name in modules.items():
            monkeypatch.setitem(ROADS, name, module_name)
        for road_name, road in roads.items():
            module = ModuleType(modules[RoadName(road_name)])
            module.__dict__["open_road"] = _opener(road)
            monkeypatch.setitem(sys.modules, module.__name__, module)

    return install


def _opener(road: ScriptedRoad | Exception) -> object:
    @asynccontextmanager
    async def open_road(_settings: Settings, /) -> AsyncIterator[ScriptedRoad]:
        if isinstance(road, Exception):
            raise road
        try:
            yield road
        finally:
            await road.close()

    return open_road
