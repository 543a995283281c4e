"""What somebody else takes is measured, and not that this process stood still meanwhile."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ganga.monitor.stopwatch import BEAT, Stopwatch
from ganga.testing.clock import VirtualClock, run_virtual


async def _measured(clock: VirtualClock, steps: list[tuple[float, float]]) -> float:
    """Of waits, each followed by a time for which the process stands still."""
    stopwatch = Stopwatch()
    for wait, standstill in steps:
        await asyncio.sleep(wait)
        clock.advance(standstill)
    return stopwatch.stop()


@given(st.lists(st.floats(0.0, 20.0), max_size=5))
def test_while_the_loop_turns_all_time_counts(waits: list[float]) -> None:
    clock = VirtualClock()
    measured = run_virtual(_measured(clock, [(wait, 0.0) for wait in waits]), clock)
    assert abs(measured - sum(waits)) < 1e-6


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 1e6)), max_size=5))
def test_of_a_standstill_two_beats_count_at_most(steps: list[tuple[float, float]]) -> None:
    clock = VirtualClock()
    measured = run_virtual(_measured(clock, steps), clock)
    assert measured <= sum(wait for wait, _ in steps) + 2 * BEAT * len(steps) + 1e-6
