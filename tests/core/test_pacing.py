"""Intervals follow activity inside their bounds; failures make them longer."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ganga.core.pacing import Backoff, Pacer
from ganga.model.clock import Monotonic
from ganga.model.policy import Pace, Retry

PACE = Pace(fastest=10.0, slowest=300.0)


def at(seconds: float) -> Monotonic:
    return Monotonic(seconds)


def pacer() -> Pacer:
    return Pacer(PACE, Random(0))


@given(st.integers(1, 2000), st.randoms())
def test_the_back_off_has_bounds(failures: int, random: Random) -> None:
    backoff = Backoff(Retry(first=2.0, longest=60.0), random)
    for _ in range(failures):
        backoff.failed(at(0.0))
    assert 1.0 <= backoff.next_at <= 60.0
    assert backoff.failures == failures
    backoff.succeeded()
    assert backoff.next_at < 0


@given(st.lists(st.tuples(st.floats(0.0, 500.0), st.integers(0, 10_000)), min_size=1))
def test_the_interval_keeps_its_bounds(answers: list[tuple[float, int]]) -> None:
    pace, now = pacer(), 0.0
    for latency, changes in answers:
        pace.asked(at(now))
        asked, now = now, now + latency
        pace.answered(at(now), changes)
        assert PACE.fastest <= pace.interval <= PACE.slowest
        assert pace.next_at >= asked + PACE.fastest
        assert pace.next_at >= now + min(latency, PACE.fastest) - 1e-6
        now = max(now, pace.next_at)


def test_it_asks_seldom_while_nothing_happens_and_often_while_much_does() -> None:
    quiet, busy = pacer(), pacer()
    for turn in range(5):
        for pace, changes in ((quiet, 0), (busy, 5000)):
            pace.asked(at(turn * 1000.0))
            pace.answered(at(turn * 1000.0 + 0.1), changes)
    assert (quiet.interval, busy.interval) == (300.0, 10.0)


def test_haste_is_heeded_now_or_after_the_answer() -> None:
    pace = pacer()
    pace.asked(at(0.0))
    pace.answered(at(1.0), 0)
    assert pace.next_at == 300.0
    pace.hurry(at(2.0))
    assert pace.next_at == 10.0
    pace.asked(at(10.0))
    pace.hurry(at(11.0))
    pace.answered(at(12.0), 0)
    assert pace.next_at == 20.0
    pace.asked(at(20.0))
    pace.answered(at(21.0), 0)
    assert pace.next_at == 320.0


def test_what_failed_waits_for_the_back_off_until_a_part_is_answered() -> None:
    pace = pacer()
    pace.asked(at(0.0))
    pace.failed(at(5.0))
    assert 6.0 <= pace.retry_at <= 7.0
    pace.succeeded()
    assert pace.retry_at < 0
