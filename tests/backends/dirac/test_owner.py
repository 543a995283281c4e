"""Who we are is asked seldom, and the end of the credentials is told in time, once."""

import pytest

from ganga.backends.dirac.owner import Owner
from ganga.model.clock import Utc
from tests.backends.dirac.scripted_road import OWNER, START, ScriptedRoad


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_it_is_asked_for_now_and_then_only() -> None:
    road, clock = ScriptedRoad(), Clock()
    owner = Owner(road, 0.0, now=clock)
    assert [await owner.name(), await owner.name()] == [OWNER, OWNER]
    assert road.calls == [("whoami", 1)]
    clock.now += 600
    await owner.name()
    assert road.calls == [("whoami", 1), ("whoami", 1)]


async def test_an_end_that_is_near_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    road, clock = ScriptedRoad(), Clock()
    owner = Owner(road, 3600.0, now=clock)
    for left, warnings in ((3601.0, 0), (3599.0, 1), (3599.0, 1), (3500.0, 2)):
        road.expires_at = Utc(START + left)
        clock.now += 600
        await owner.name()
        assert len(caplog.records) == warnings
    assert "alice" in caplog.text
    assert "renew" in caplog.text
