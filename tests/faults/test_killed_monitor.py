"""A monitor that is killed at any moment, again and again, loses nothing, runs nothing twice and tells nothing twice."""

import random
from pathlib import Path

import pytest

import ganga
from tests.faults.campaign import Host, pause, without_leftovers

KILLS = 200
JOBS = 500


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_killed_at_200_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20)
    with without_leftovers(tmp_path) as campaign, Host(tmp_path) as host:
        async with ganga.open(tmp_path, monitor=False) as client:
            for kill in range(KILLS):
                if kill % 20 == 0:
                    await campaign.submit(client, JOBS * 20 // KILLS)
                monitor = host.start()
                await pause(chance.uniform(0.0, 0.25))
                host.kill(monitor)
        await campaign.finish(120)
        await campaign.judge()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_two_monitors_fight_for_the_lease(tmp_path: Path) -> None:
    chance = random.Random(21)
    with without_leftovers(tmp_path) as campaign, Host(tmp_path) as host:
        async with ganga.open(tmp_path, monitor=False) as client:
            monitors = [host.start(), host.start()]
            for round_number in range(60):
                if round_number % 12 == 0:
                    await campaign.submit(client, 30)
                await pause(chance.uniform(0.0, 0.3))
                host.kill(monitors.pop(chance.randrange(2)))
                monitors.append(host.start())
        await campaign.finish(120)
        await campaign.judge()
