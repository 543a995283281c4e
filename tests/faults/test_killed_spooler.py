"""The processes behind local jobs may be killed too: a spooler at no cost, a launcher at the cost of one exit code."""

import random
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ganga.backends.local import orphan
from ganga.model.job import JobRecord
from tests.faults.campaign import campaign_in, pause


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_spooler_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(23)
    with campaign_in(tmp_path) as campaign:
        async with campaign.open() as client:
            for _ in range(12):
                await campaign.submit(client, 10)
                await pause(chance.uniform(0.0, 0.4))
                await campaign.kill_spooler()
            await campaign.wait(client)
        await campaign.judge()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_launchers_killed_among_running_jobs(tmp_path: Path) -> None:
    """No job runs twice, and of those whose launcher was killed it is said that nobody knows how they ended."""
    chance = random.Random(24)
    killed = 0
    with campaign_in(tmp_path) as campaign:
        async with campaign.open() as client:
            for _ in range(12):
                await campaign.submit(client, 10)
                await pause(chance.uniform(0.0, 0.4))
                launchers = (await campaign.spooler()).children()
                if launchers:
                    killed += 1
                    with suppress(psutil.NoSuchProcess):
                        chance.choice(launchers).kill()
            await campaign.wait(client)
        harmed = await campaign.judge(harmed=_by_a_killed_launcher)
        assert killed
        assert len(harmed) <= killed


def _by_a_killed_launcher(record: JobRecord) -> bool:
    return record.reason in {orphan.LAUNCHER_KILLED, orphan.NOT_BEGUN}
