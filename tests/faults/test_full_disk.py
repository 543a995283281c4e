"""A disk that is full for a while delays everything and spoils nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

import ganga
from ganga.errors import StoreUnavailable
from ganga.model.event import Event
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from ganga.settings import LOCAL
from tests.faults.campaign import Campaign, campaign_in, event_of, until
from tests.faults.disk import Disk, small_disk
from tests.faults.host import Host

#: Enough for the write-ahead log of SQLite, which takes four before it is used again.
MEBIBYTES = 12


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_disk_of_the_store(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        store = disk.folder / "ganga.sqlite"
        with campaign_in(tmp_path, store=str(store)) as campaign, Host(campaign) as host:
            async with campaign.open(monitor=False) as client:
                await campaign.submit(client, 60)
                monitor = host.start()
                for fraction in range(2):
                    await event_of(client, _ended(campaign.jobs[0], f".{10 + 20 * fraction}"))
                    told = host.log(monitor).count("full")
                    _shorten_log_of(store)
                    disk.fill()
                    await until(partial(_tells, host, monitor, told), "the monitor notices that the disk is full")
                    before = len(campaign.jobs)
                    with pytest.raises(StoreUnavailable, match="full"):
                        await campaign.submit(client, 1000)
                    assert len(campaign.jobs) == before
                    disk.free()
                    await campaign.submit(client, 20)
                await campaign.wait(client)
            await campaign.judge()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_disk_of_the_outputs(tmp_path: Path) -> None:
    """The job files are elsewhere, and are kept there until their outputs are home whole."""
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        home = disk.folder / "home"
        (tmp_path / "targets").mkdir()
        home.mkdir()
        (home / "targets").symlink_to(tmp_path / "targets")
        with campaign_in(tmp_path, home=home, store=str(tmp_path / "ganga.sqlite")) as campaign, Host(campaign) as host:
            async with campaign.open(monitor=False) as client:
                monitor = host.start()
                await _fill_in_time(disk, campaign, client)
                await until(partial(_tells, host, monitor, 1), "the monitor notices that the disk is full")
                waiting = [job async for job in client.select(status=JobStatus.COMPLETING, subjobs=True)]
                assert waiting
                assert (await client.target_states())[LOCAL].down_since is None
                disk.free()
                await campaign.wait(client)
            await campaign.judge()


def _shorten_log_of(store: Path) -> None:
    """SQLite writes over an old log, for which even a full disk has room."""
    with closing(sqlite3.connect(store, timeout=60.0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _fill_in_time(disk: Disk, campaign: Campaign, client: ganga.Client) -> None:
    """When some outputs are home and others are not; on a busy machine all jobs may have ended before our turn."""
    waiting: list[JobStatus] = []
    while not waiting:
        job = await campaign.submit(client, 60)
        await event_of(client, _ended(job, ".10"))
        disk.fill()
        statuses = [record.status for _, record in await campaign.subjobs(client)]
        waiting = [status for status in statuses if status in {JobStatus.SUBMITTED, JobStatus.RUNNING}]
        if not waiting:
            disk.free()


def _tells(host: Host, monitor: int, told: int) -> bool:
    return host.log(monitor).count("full") > told


def _ended(job: JobRecord, subjob: str) -> Callable[[Event], bool]:
    return lambda event: event.job == f"{job.id}{subjob}" and event.new is JobStatus.COMPLETING
