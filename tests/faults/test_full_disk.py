"""A disk that is full for a while delays everything and spoils nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ganga.errors import StoreUnavailable
from ganga.model.event import Event
from ganga.model.status import JobStatus
from ganga.settings import LOCAL
from tests.faults.campaign import Campaign, campaign_in, event_of, until
from tests.faults.disk import small_disk
from tests.faults.host import Host

#: Enough for the write-ahead log of SQLite, which takes four before it is used again.
MEBIBYTES = 12


@pytest.mark.slow
async def test_the_disk_of_the_store(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        store = disk.folder / "ganga.sqlite"
        with campaign_in(tmp_path, store=str(store)) as campaign, Host(campaign) as host:
            async with campaign.open(monitor=False) as client:
                await campaign.submit(client, 60)
                monitor = host.start()
                for fraction in range(2):
                    await event_of(client, _ended(campaign, f".{10 + 20 * fraction}"))
                    disk.fill()
                    await until(lambda: "full" in host.log(monitor), "the monitor notices that the disk is full")
                    before = len(campaign.jobs)
                    with pytest.raises(StoreUnavailable, match="full"):
                        await campaign.submit(client, 1000)
                    assert len(campaign.jobs) == before
                    disk.free()
                    await campaign.submit(client, 20)
                await campaign.wait(client, 20)
            await campaign.judge()


@pytest.mark.slow
async def test_the_disk_of_the_outputs(tmp_path: Path) -> None:
    """The job files are elsewhere, and are kept there until their outputs are home whole."""
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        home = disk.folder / "home"
        (tmp_path / "targets").mkdir()
        home.mkdir()
        (home / "targets").symlink_to(tmp_path / "targets")
        with campaign_in(tmp_path, home=home, store=str(tmp_path / "ganga.sqlite")) as campaign, Host(campaign) as host:
            async with campaign.open(monitor=False) as client:
                await campaign.submit(client, 60)
                monitor = host.start()
                await event_of(client, _ended(campaign, ".10"))
                disk.fill()
                await until(lambda: host.log(monitor).count("full") > 1, "the monitor notices that the disk is full")
                waiting = [job async for job in client.select(status=JobStatus.COMPLETING, subjobs=True)]
                assert waiting
                assert (await client.target_states())[LOCAL].down_since is None
                disk.free()
                await campaign.wait(client, 20)
            await campaign.judge()


def _ended(campaign: Campaign, subjob: str) -> Callable[[Event], bool]:
    return lambda event: event.job == f"{campaign.jobs[0].id}{subjob}" and event.new is JobStatus.COMPLETING
