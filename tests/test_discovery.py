"""Each installed back end looks around, and none of them hides the others."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from ganga import discovery
from ganga.backends.base import ENTRY_POINTS, Discovery


class Plugin(ModuleType):
    """One that finds what it finds."""

    async def discover(self, environment: Mapping[str, str], /) -> Discovery:
        return Discovery(environment["PATH"])


class Hanging(ModuleType):
    async def discover(self, _environment: Mapping[str, str], /) -> Discovery:
        await asyncio.Event().wait()
        return Discovery()


class Broken(ModuleType):
    async def discover(self, _environment: Mapping[str, str], /) -> Discovery:
        raise ValueError("seven")


class Blind(ModuleType):
    """One that cannot look around."""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint(name, f"tests.test_discovery:{name}", ENTRY_POINTS)
        for name in ("plugin", "hanging", "broken", "blind", "missing")
    ]
    monkeypatch.setattr(discovery, "entry_points", lambda group: entries if group == ENTRY_POINTS else [])
    monkeypatch.setattr(discovery, "PATIENCE", 3.0)


plugin, hanging, broken, blind = Plugin("plugin"), Hanging("hanging"), Broken("broken"), Blind("blind")


@pytest.mark.usefixtures("installed")
async def test_each_is_told_by_itself() -> None:
    found = await discovery.discover({"PATH": "/bin"})
    assert found["plugin"] == Discovery("/bin")
    assert found["hanging"].obstacle == "it has not found anything out within 3 seconds"
    assert found["broken"].obstacle == "it failed to look around: ValueError: seven; report this bug"
    assert "cannot be loaded" in str(found["missing"].obstacle)
    assert "blind" not in found


async def test_those_that_come_with_ganga_look_around_here() -> None:
    found = await discovery.discover()
    assert {"dirac", "grid_engine", "lsf", "pbs", "slurm"} <= found.keys()
    assert all(one.found or one.obstacle for one in found.values())
