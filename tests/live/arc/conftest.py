"""Each test runs on real computing elements, of those releases that are provisioned: ``python -m tests.live.provision
arc`` and ``arc_7``.

Its batch system looks every ten seconds which jobs have ended, so that jobs are tried side by side.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple, TypeVar

import pytest
from msgspec.structs import replace

from ganga.backends import arc
from ganga.backends.arc.backend import ArcBackend
from ganga.backends.base import Surroundings
from ganga.model.ids import NativeId, TargetName
from ganga.testing.check_backend import Trial
from tests.live.arc_server import install, newer
from tests.live.arc_server.element import Element, running
from tests.live.arc_server.release import OF_THE_SYSTEM, Release
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled

#: Seconds until a job that should have ended is given up, however busy the machine is.
PATIENCE = 300.0
#: A well-formed id of a job that was never there.
UNKNOWN = NativeId("0" * 54)


class Provisioned(NamedTuple):
    """Raise `NotInstalled` unless all is there; and where it is."""

    check: Callable[[], None]
    release: Callable[[], Release]


RELEASES = {
    "arc-6": Provisioned(install.check, lambda: OF_THE_SYSTEM),
    "arc-7": Provisioned(newer.check, newer.here),
}

#: What is not tried on a release, since it is not the element's to decide.
NOT_TRIED: Mapping[str, AbstractSet[str]] = {"arc-7": {"test_an_element_that_hangs_ends_no_job"}}

T = TypeVar("T")

Connect = Callable[..., AbstractAsyncContextManager[ArcBackend]]


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """The first answer that says anything."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if answer := await ask():
                return answer
            await asyncio.sleep(0.5)


async def until_denied(backend: ArcBackend, native_id: NativeId) -> None:
    async def is_denied() -> bool:
        return native_id in (await backend.poll([native_id])).absent

    await until(is_denied)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
    left_out = [item for item in items if here in item.path.parents and _left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _left_out(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    return item.originalname in NOT_TRIED.get(str(item.callspec.params.get("element", "")), ())


@pytest.fixture(scope="package", params=RELEASES)
def element(request: pytest.FixtureRequest) -> Iterator[Element]:
    provisioned = RELEASES[str(request.param)]
    needs(provisioned.check, NotInstalled)
    with running(provisioned.release()) as element:
        yield element


@pytest.fixture
def connect(element: Element, tmp_path: Path) -> Connect:
    """Opens a target; other settings may be given."""

    usual = arc.Settings(
        url=element.url,
        proxy=str(element.proxy),
        authorities=str(element.credentials.authorities),
        commit_delay=3.0,
    )

    def connect(**others: str | float) -> AbstractAsyncContextManager[ArcBackend]:
        settings = replace(usual, **others)
        return arc.connect(settings, Surroundings(TargetName("arc"), tmp_path / "target"))

    return connect


@pytest.fixture
async def backend(connect: Connect) -> AsyncIterator[ArcBackend]:
    async with connect() as backend:
        yield backend


@pytest.fixture
def new_trial(backend: ArcBackend, tmp_path: Path) -> Callable[[], Trial]:
    """Trials with tags and a folder that no other one has."""

    def new_trial() -> Trial:
        prefix = f"ganga-{token_hex(4)}"
        folder = tmp_path / prefix
        folder.mkdir()
        return Trial(backend, folder, unknown=UNKNOWN, pause=0.5, patience=PATIENCE, prefix=prefix)

    return new_trial


@pytest.fixture
def trial(new_trial: Callable[[], Trial]) -> Trial:
    return new_trial()
