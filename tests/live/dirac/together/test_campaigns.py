"""The same campaign over all roads, and over one after another, through the monitor and on one installation."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ganga import app
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.model.status import JobStatus
from tests.live.dirac.together.campaign import PARTS, Campaign, Told, alike, monitored
from tests.live.dirac.together.installation import ROADS, Installation
from tests.live.dirac.together.worker import CommonWorker

pytestmark = pytest.mark.slow

Opened = Callable[[Mapping[str, Settings]], app.Opening]


async def test_the_same_is_told_over_all_roads(
    opened: Opened, installation: Installation, tmp_path: Path, worker: CommonWorker
) -> None:
    async with worker.at_work():
        campaigns = {str(road): Campaign(str(road), tmp_path / road) for road in ROADS}
        targets = {str(road): installation.settings(road) for road in ROADS}
        async with opened(targets) as client, monitored(client, *targets):
            await asyncio.gather(*(campaign.submit(client) for campaign in campaigns.values()))
            await asyncio.gather(*(campaign.act(client) for campaign in campaigns.values()))
            told = {road: await campaign.told(client) for road, campaign in campaigns.items()}
        for road in ROADS:
            _check(told[road])
            assert alike(told[road]) == alike(told[RoadName.DIRACX])


@pytest.mark.parametrize("first", ROADS)
async def test_jobs_of_one_road_are_followed_over_each_other(
    first: RoadName, opened: Opened, installation: Installation, tmp_path: Path, worker: CommonWorker
) -> None:
    async with worker.at_work():
        others = {f"{first}-{road}": road for road in ROADS if road != first}
        campaigns = {name: Campaign(name, tmp_path / name) for name in others}
        before = {name: installation.settings(first) for name in others}
        async with opened(before) as client, monitored(client, *others):
            await asyncio.gather(*(campaign.submit(client) for campaign in campaigns.values()))
        after = {name: installation.settings(road) for name, road in others.items()}
        async with opened(after) as client, monitored(client):
            await asyncio.gather(*(campaign.act(client) for campaign in campaigns.values()))
            told = [await campaign.told(client) for campaign in campaigns.values()]
        for one in told:
            _check(one)
            assert alike(one) == alike(told[0])


def _check(told: Mapping[str, Told]) -> None:
    """All ended as it should."""
    parts = [told[f"part {number}"] for number in range(PARTS)]
    assert [part.status for part in parts] == [JobStatus.COMPLETED] * 5 + [JobStatus.FAILED]
    assert [part.exit_code for part in parts] == [0] * 5 + [3]
    assert [part.output["result.txt"] for part in parts] == [f"{number}\n" for number in range(PARTS)]
    assert {part.output["stdout"] for part in parts} == {"shared\n"}
    assert {part.attempt for part in parts} == {1}
    assert (told["killed"].status, told["killed"].attempt) == (JobStatus.KILLED, 1)
    assert (told["again"].status, told["again"].attempt) == (JobStatus.COMPLETED, 2)
