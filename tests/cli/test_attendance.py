"""Who looks after the targets, whether they show life, and what that means for scripts."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import ganga
from ganga.model.clock import Utc, rfc3339
from ganga.model.ids import TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from ganga.monitor.process import Process, describe, this_process
from ganga.store.base import Lease
from tests.cli.conftest import Ganga, Save

LOCAL = TargetName("local")
ELSEWHERE = describe(Process(host="elsewhere.example", boot="b", pid=17, started="1"))
GONE = describe(replace(this_process(), started="0"))
Jobs = Callable[..., list[JobRecord]]


@pytest.fixture(autouse=True)
def _short_leases(tmp_path: Path) -> None:
    (tmp_path / "ganga.toml").write_text("[monitor]\nlease = 0.5\n[targets.local]\nlinger = 0.2\n")


async def taken(owner: str) -> None:
    async with ganga.open(monitor=False) as client:
        assert await client.store.acquire(LOCAL, owner) is not None


async def renewed(client: ganga.Client, lease: Lease) -> None:
    """Show life for ever."""
    while True:
        await client.store.renew(lease)
        await asyncio.sleep(0.02)


def test_where_nothing_is_to_be_done_nobody_is_missed(cli: Ganga) -> None:
    result = cli("monitor", "--status")
    assert result.code == 0
    assert "nobody" in result.out


def test_a_job_that_is_kept_for_later_needs_nobody(cli: Ganga, jobs: Jobs, save: Save) -> None:
    [job] = jobs("a")
    save(replace(job, status=JobStatus.NEW))
    result = cli("monitor", "--status", "--json")
    assert (result.code, result.objects[0]["live"]) == (0, 0)


def test_jobs_that_nobody_looks_after(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", "b")
    result = cli("monitor", "--status")
    assert result.code == 1
    assert "local: nobody looks after 2 jobs; start 'ganga monitor'" in result.out


def test_a_monitor_that_is_gone(cli: Ganga, jobs: Jobs) -> None:
    jobs("a")
    asyncio.run(taken(GONE))
    result = cli("monitor", "--status", "--json")
    [line] = result.objects
    assert (result.code, line["alive"], line["beating"], line["unattended"]) == (1, False, None, True)
    assert "which is gone" in cli("monitor", "--status").out


def test_a_monitor_that_shows_no_life(cli: Ganga, jobs: Jobs) -> None:
    jobs("a")
    asyncio.run(taken(ELSEWHERE))
    result = cli("monitor", "--status", "--json")
    [line] = result.objects
    assert (result.code, line["host"], line["pid"], line["beating"]) == (1, "elsewhere.example", 17, False)
    assert "process 17 on elsewhere.example, which shows no life" in cli("monitor", "--status").out


def test_without_jobs_nobody_is_watched(cli: Ganga) -> None:
    asyncio.run(taken(ELSEWHERE))
    result = cli("monitor", "--status", "--json")
    [line] = result.objects
    assert (result.code, line["beating"], line["live"]) == (0, None, 0)


async def test_a_monitor_that_lives(cli: Ganga) -> None:
    async with ganga.open(monitor=False) as client:
        await client.submit("true")
        lease = await client.store.acquire(LOCAL, ELSEWHERE)
        assert lease is not None
        monitor = asyncio.create_task(renewed(client, lease))
        result = await asyncio.to_thread(cli, "monitor", "--status", "--json")
        monitor.cancel()
    [line] = result.objects
    assert (result.code, line["beating"], line["epoch"], line["live"]) == (0, True, 1, 1)


def test_how_the_target_fares(cli: Ganga, save: Save) -> None:
    since = Utc(time.time() - 60)
    save(state=TargetState(name=LOCAL, confirmed_at=since, down_since=since, error="the gate is shut", stuck_threads=2))
    out = cli("monitor", "--status").out
    assert "the gate is shut" in out
    assert "2 stuck threads" in out
    [line] = cli("monitor", "--status", "--json").objects
    assert (line["confirmed_at"], line["down_since"]) == (rfc3339(since), rfc3339(since))
    assert (line["error"], line["stuck_threads"]) == ("the gate is shut", 2)
