"""Whether targets answer, asked here and now."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from ganga.backends.base import Backend, Finding
from ganga.client import Client
from ganga.errors import BackendUnavailable
from ganga.health import Health
from ganga.model.clock import Utc
from ganga.model.identity import Identity
from ganga.model.ids import Tag, TargetName
from ganga.monitor.connection import Target
from ganga.testing.backend import Fault
from tests.monitor.doubles import BRISK, Odd, Site, scripted, target, virtual

ADA = Identity(name="ada", expires_at=Utc(2_000_000_000.0))


class Known(Odd):
    """Says whom it takes us for."""

    identity = ADA


class Wrong(Odd):
    async def find(self, _tags: Collection[Tag], /) -> Finding:
        raise ValueError("seven")


def nobody() -> Backend:
    raise BackendUnavailable("nobody is there: knock again")


def closed(name: str) -> Target:
    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        yield nobody()

    return Target(TargetName(name), "scripted", BRISK, connect)


@asynccontextmanager
async def opened(tmp_path: Path, *targets: Target) -> AsyncIterator[Client]:
    site = Site(tmp_path / "home", *targets)
    async with site.service(monitoring=False) as service:
        yield Client(site.store, site.workspace, service, default_target=targets[0].name)


@virtual
async def test_a_target_that_answers_says_how_soon_and_to_whom(tmp_path: Path) -> None:
    async with opened(tmp_path, target("site", Known())) as client:
        [health] = (await client.check()).values()
        assert (health.problem, health.identity) == (None, ADA)
        assert health.answered_in is not None


@virtual
async def test_each_of_many_is_told_by_itself_within_one_limit(tmp_path: Path) -> None:
    hanging = scripted()
    hanging.goes_wrong("find", Fault.HANG)
    late = scripted()
    late.goes_wrong("find", Fault.HANG)
    targets = [target("well", scripted()), target("hangs", hanging), target("late", late), closed("closed")]
    async with opened(tmp_path, *targets, target("wrong", Wrong())) as client:
        begun = asyncio.get_running_loop().time()
        told = await client.check(within=3.0)
        assert asyncio.get_running_loop().time() - begun <= 3.0
    assert {name: health.problem for name, health in told.items()} == {
        "well": None,
        "hangs": "no answer within 3 seconds",
        "late": "no answer within 3 seconds",
        "closed": "nobody is there: knock again",
        "wrong": "its back end failed: ValueError: seven; report this bug",
    }


@virtual
async def test_one_may_be_asked_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, closed("closed"), target("well", scripted())) as client:
        assert (await client.check("closed")) == {"closed": Health(problem="nobody is there: knock again")}
        assert list(await client.target_states("well")) == ["well"]
        assert client.default_target == "closed"
