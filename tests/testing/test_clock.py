"""Virtual time passes in the right order, at no cost, and only when nothing else is to be done."""

import asyncio

import pytest

from ganga.testing.clock import EPOCH, VirtualClock, run_virtual


def test_a_day_passes_at_once_and_in_order() -> None:
    async def sleeper(seconds: float, woken: list[float]) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def main() -> list[float]:
        woken: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            for seconds in (86400.0, 1.5, 3600.0):
                tasks.create_task(sleeper(seconds, woken))
        return woken

    clock = VirtualClock()
    assert run_virtual(main(), clock) == [1.5, 3600.0, 86400.0]
    assert clock.elapsed == pytest.approx(86400.0)


def test_threads_are_waited_for_without_time_passing() -> None:
    async def main() -> float:
        before = asyncio.get_running_loop().time()
        await asyncio.to_thread(sum, range(10))
        return asyncio.get_running_loop().time() - before

    assert run_virtual(main()) == 0.0


def test_both_clocks_move_together_and_never_back() -> None:
    clock = VirtualClock()
    clock.advance(90.0)
    assert clock() == (90.0, EPOCH + 90.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1.0)
