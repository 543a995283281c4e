"""A monitor that is killed at any moment, again and again, loses nothing, runs nothing twice and tells nothing
twice.
"""

import random
from pathlib import Path

import pytest

from tests.faults.campaign import campaign_in, pause
from tests.faults.host import Host

KILLS = 200
JOBS = 500

#: Submissions in the course of the campaign, so that there is always something to be killed in.
PORTIONS = 25


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_killed_at_200_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20)
    with campaign_in(tmp_path) as campaign, Host(campaign) as host:
        async with campaign.open(monitor=False) as client:
            for kill in range(KILLS):
                if kill % (KILLS // PORTIONS) == 0:
                    await campaign.submit(client, JOBS // PORTIONS)
                monitor = host.start()
                await pause(chance.uniform(0.0, 0.18))
                host.kill(monitor)
        await campaign.finish()
        await campaign.judge()
