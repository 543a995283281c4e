"""The watchdog measures lag and names who holds the loop."""

import asyncio
import logging
import threading

import pytest

from ganga.monitor.watchdog import Watchdog


def hold_the_loop_until(noticed: threading.Event) -> None:
    assert noticed.wait(10.0)


async def test_names_the_culprit(caplog: pytest.LogCaptureFixture) -> None:
    noticed = threading.Event()

    def notice(record: logging.LogRecord) -> bool:
        noticed.set()
        return bool(record)

    logger = logging.getLogger("ganga.monitor.watchdog")
    logger.addFilter(notice)
    try:
        async with Watchdog(beat=0.005, tolerance=0.02) as watchdog:
            # On a busy machine the first to be noticed may be something else.
            while "hold_the_loop_until" not in caplog.text:
                await asyncio.sleep(0.02)
                noticed.clear()
                hold_the_loop_until(noticed)
    finally:
        logger.removeFilter(notice)
    named = [hold for hold in watchdog.holds if "hold_the_loop_until" in hold.culprit]
    assert named
    assert named[0].seconds > 0.02


async def test_measures_each_beat() -> None:
    async with Watchdog(beat=0.001) as watchdog:
        await asyncio.sleep(0.05)
    assert watchdog.lags
    assert all(lag >= 0.0 for lag in watchdog.lags)


async def test_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    async with Watchdog(tolerance=0.001):
        (watcher,) = set(threading.enumerate()) - before
    watcher.join(10.0)
    assert not watcher.is_alive()
