"""Of two monitors only the holder of the lease writes: whoever dies, is frozen or wakes up, nothing is told twice."""

import asyncio
import os
import random
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ganga.monitor.process import parse
from ganga.settings import LOCAL
from ganga.store.base import Store
from tests.faults.campaign import LIMIT, Campaign, campaign_in, pause, until
from tests.faults.host import Host

#: What a monitor logs that finds that another one has taken over.
LOST = "another process has taken over"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_monitors_fight_for_the_lease(tmp_path: Path) -> None:
    chance = random.Random(21)
    with campaign_in(tmp_path) as campaign, Host(campaign) as host:
        async with campaign.open(monitor=False) as client:
            monitors = [host.start(), host.start()]
            for round_number in range(40):
                if round_number % 8 == 0:
                    await campaign.submit(client, 30)
                await pause(chance.uniform(0.0, 0.2))
                host.kill(monitors.pop(chance.randrange(2)))
                monitors.append(host.start())
        await campaign.finish()
        await campaign.judge()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_frozen_monitor_that_wakes_up_finds_its_lease_lost(tmp_path: Path) -> None:
    chance = random.Random(22)
    with campaign_in(tmp_path) as campaign, Host(campaign) as host:
        async with campaign.open(monitor=False) as client:
            monitors = {host.start(), host.start()}
            for _ in range(5):
                await campaign.submit(client, 30)
                frozen = await _freeze_leader(client.store, monitors, campaign, chance)
                told = host.log(frozen).count(LOST)
                follower = await _leader(client.store, among=monitors - {frozen})
                assert follower != frozen
                os.kill(frozen, signal.SIGCONT)
                await until(partial(_knows, host, frozen, told), "the frozen monitor finds its lease lost")
        await campaign.finish()
        await campaign.judge()


async def _freeze_leader(store: Store, monitors: set[int], campaign: Campaign, chance: random.Random) -> int:
    """Stop the one that holds the lease at a random moment; on a busy machine it may have lost it before that."""
    while True:
        leader = await _leader(store, among=monitors)
        await pause(chance.uniform(0.0, 0.3))
        await _freeze(leader, campaign.home / "ganga.sqlite")
        if await _leads(store, leader):
            return leader
        os.kill(leader, signal.SIGCONT)


async def _freeze(monitor: int, store: Path) -> None:
    """Stop the process between two writes.

    Whoever is frozen in the middle of one holds SQLite's write lock: no process on earth can write then, or take over.
    """
    for _ in range(100):
        os.kill(monitor, signal.SIGSTOP)
        await until(partial(_has_stopped, monitor), "the monitor has stopped with all its threads")
        if _is_writable(store):
            return
        os.kill(monitor, signal.SIGCONT)
        await pause(0.01)
    raise AssertionError("the monitor never stops writing")


def _has_stopped(process: int) -> bool:
    """Threads go on for a moment, until the one that was given the signal has had its turn."""
    try:
        stats = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        # One of them has just ended.
        return False
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def _is_writable(store: Path) -> bool:
    with closing(sqlite3.connect(store, timeout=0.5, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def _knows(host: Host, monitor: int, told: int) -> bool:
    return host.log(monitor).count(LOST) > told


async def _leader(store: Store, among: set[int]) -> int:
    """Wait until one of these processes holds the lease."""
    async with asyncio.timeout(LIMIT):
        while True:
            for process in among:
                if await _leads(store, process):
                    return process
            await asyncio.sleep(0.01)


async def _leads(store: Store, pid: int) -> bool:
    holder = await store.holder(LOCAL)
    process = None if holder is None else parse(holder.owner)
    return process is not None and process.pid == pid
