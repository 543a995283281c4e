"""What blocking back ends cost the loop: its lag beside threads that hang and threads that burn processor time."""

import asyncio
import sys
import threading
from collections.abc import Callable
from statistics import quantiles

from ganga.backends.pool import ThreadPool
from tests.bench.figures import Figure, at_most

SECONDS = 3.0
TICK = 0.001


async def measure() -> list[Figure]:
    """The 99th percentile of the loop's lag in three situations, the last with a shorter switch interval."""
    interval = sys.getswitchinterval()
    figures = [await _lag("4 threads that hang", 4, threading.Event.wait)]
    figures.append(await _lag("1 thread that burns, switch interval 5 ms", 1, _burn))
    try:
        sys.setswitchinterval(0.001)
        figures.append(await _lag("1 thread that burns, switch interval 1 ms", 1, _burn))
    finally:
        sys.setswitchinterval(interval)
    return figures


async def _lag(situation: str, threads: int, work: Callable[[threading.Event], object]) -> Figure:
    stop, pool = threading.Event(), ThreadPool("bench", threads=threads)
    calls = [asyncio.create_task(pool.call("poll", work, stop)) for _ in range(threads)]
    lags: list[float] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while (begin := loop.time()) < end:
        await asyncio.sleep(TICK)
        lags.append((loop.time() - begin - TICK) * 1000)
    stop.set()
    await asyncio.gather(*calls)
    pool.close()
    return at_most(f"loop lag, p99, beside {situation}", quantiles(lags, n=100)[98], "ms", 20.0, "at most 20 ms")


def _burn(stop: threading.Event) -> int:
    count = 0
    while not stop.is_set():
        count += 1
    return count


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        sys.stdout.write(f"{figure.figure}: {figure.value:.2f} {figure.unit} ({figure.goal})\n")
