"""Who we are is asked seldom."""

from ganga.backends.dirac.owner import Owner
from ganga.model.clock import Utc
from tests.backends.dirac.scripted_road import OWNER, START, ScriptedRoad


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_it_is_asked_for_now_and_then_only() -> None:
    road, clock = ScriptedRoad(), Clock()
    owner = Owner(road, now=clock)
    assert owner.identity is None
    assert [await owner.name(), await owner.name()] == [OWNER, OWNER]
    assert road.calls == [("whoami", 1)]
    clock.now += 600
    await owner.name()
    assert road.calls == [("whoami", 1), ("whoami", 1)]


async def test_other_credentials_may_be_another_s() -> None:
    road, clock = ScriptedRoad(), Clock()
    road.expires_at = Utc(START + 100)
    owner = Owner(road, now=clock)
    await owner.name()
    road.expires_at = Utc(START + 86_500)
    await owner.name()
    await owner.name()
    assert road.calls == [("whoami", 1), ("whoami", 1)]
    assert owner.identity is not None
    assert owner.identity.expires_at == START + 86_500
