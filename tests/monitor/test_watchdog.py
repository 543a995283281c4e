"""The watchdog measures lag and names who holds the loop."""

import asyncio
import logging
import selectors
import threading

import pytest

from ganga.monitor.watchdog import Watchdog


def hold_the_loop_until(noticed: threading.Event) -> None:
    assert noticed.wait(60.0)


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
    async with Watchdog(beat=0.001) as watchdog, asyncio.timeout(60.0):
        while not watchdog.lags:  # noqa: ASYNC110 - the beats themselves are what is looked at
            await asyncio.sleep(0.001)
    assert all(lag >= 0.0 for lag in watchdog.lags)


class Overslept(selectors.DefaultSelector):
    """One that comes back late, as on a machine that was asleep or had no turn for it."""

    def __init__(self) -> None:
        super().__init__()
        self.late_by = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        late_by, self.late_by = self.late_by, 0.0
        return super().select((timeout or 0.0) + late_by)


def test_a_loop_that_has_nothing_to_do_is_held_by_nobody() -> None:
    selector = Overslept()

    async def main() -> Watchdog:
        async with Watchdog(beat=0.005, tolerance=0.02) as watchdog:
            selector.late_by = 0.5
            await asyncio.sleep(0.02)
        return watchdog

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        watchdog = runner.run(main())
    assert max(watchdog.lags) > 0.4
    assert not any("selectors.py" in hold.culprit.rpartition(" > ")[2] for hold in watchdog.holds)


async def test_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    async with Watchdog(tolerance=0.001):
        (watcher,) = set(threading.enumerate()) - before
    watcher.join(60.0)
    assert not watcher.is_alive()
