"""Rounds ask about every live job once, in batches, and say since when all is confirmed."""

from random import Random
from statistics import median
from time import thread_time

import pytest

from ganga.core.sweep import Sweeper
from ganga.model.clock import Monotonic, Utc
from ganga.model.ids import NativeId
from ganga.model.policy import Pace, Retry, Width


def sweeper(*ids: str, batch: int = 2, parallel: int = 1) -> Sweeper:
    retry = Retry(first=2.0, longest=2.0)
    made = Sweeper(Pace(fastest=10.0, slowest=10.0, retry=retry), Width(batch=batch, parallel=parallel), Random(0))
    for native_id in ids:
        made.add(NativeId(native_id))
    return made


def take(sweep: Sweeper, seconds: float) -> list[tuple[NativeId, ...]]:
    return sweep.take(Monotonic(seconds), Utc(1000.0 + seconds))


def answered(sweep: Sweeper, seconds: float) -> Utc | None:
    return sweep.answered(Monotonic(seconds), 0)


def test_a_round_goes_batch_by_batch_and_is_confirmed_as_of_its_begin() -> None:
    sweep = sweeper("a", "b", "c")
    assert take(sweep, 0) == [("a", "b")]
    assert (take(sweep, 0.5), sweep.next_wakeup()) == ([], None)
    assert answered(sweep, 1) is None
    assert take(sweep, 1) == [("c",)]
    assert answered(sweep, 2) == 1000.0
    assert (take(sweep, 3), sweep.next_wakeup()) == ([], 10.0)
    assert take(sweep, 10) == [("a", "b")]


def test_new_jobs_wait_for_the_next_round_and_doubtful_ones_do_not() -> None:
    sweep = sweeper("a", "b", "c")
    take(sweep, 0)
    sweep.add(NativeId("d"))
    sweep.add(NativeId("e"))
    sweep.doubt([NativeId("e"), NativeId("gone")])
    answered(sweep, 1)
    assert take(sweep, 1) == [("e", "c")]
    assert answered(sweep, 2) == 1000.0
    assert (len(sweep), NativeId("d") in sweep) == (5, True)


def test_a_round_whose_jobs_vanish_is_over() -> None:
    sweep = sweeper("a", "b", "c")
    take(sweep, 0)
    answered(sweep, 1)
    for native_id in "abc":
        sweep.discard(NativeId(native_id))
    assert (take(sweep, 2), sweep.next_wakeup()) == ([], None)
    sweep.add(NativeId("d"))
    assert sweep.next_wakeup() == 10.0
    assert take(sweep, 10) == [("d",)]


def test_jobs_that_vanish_while_they_are_asked_about_end_the_round() -> None:
    sweep = sweeper("a")
    take(sweep, 0)
    sweep.discard(NativeId("a"))
    assert answered(sweep, 1) == 1000.0


def test_a_batch_that_fails_is_asked_again_in_smaller_ones() -> None:
    sweep = sweeper("a", "b", "c")
    [batch] = take(sweep, 0)
    sweep.failed(batch, Monotonic(1))
    wakeup = sweep.next_wakeup()
    assert wakeup is not None
    assert 2 <= wakeup <= 3
    assert take(sweep, 1.5) == []
    assert take(sweep, 3) == [("b",)]
    assert answered(sweep, 4) is None
    assert take(sweep, 4) == [("a", "c")]
    assert answered(sweep, 5) == 1000.0


def test_who_is_to_be_refreshed_goes_first_and_is_not_asked_twice() -> None:
    sweep = sweeper("a", "b", "c")
    sweep.refresh([NativeId("c"), NativeId("done")])
    assert take(sweep, 0) == [("c", "done")]
    assert answered(sweep, 1) is None
    assert take(sweep, 1) == [("a", "b")]
    assert answered(sweep, 2) == 1000.0
    sweep.refresh([NativeId("a")])
    assert (sweep.next_wakeup(), take(sweep, 2)) == (1.0, [("a",)])
    answered(sweep, 2.5)
    sweep.refresh([NativeId("a")])
    assert (take(sweep, 2.5), sweep.next_wakeup()) == ([], 3.0)


def test_a_refresh_heeds_the_back_off_and_hastens_the_next_round_when_it_fails() -> None:
    sweep = sweeper("a")
    take(sweep, 0)
    answered(sweep, 1)
    sweep.refresh([NativeId("a")])
    [batch] = take(sweep, 2)
    sweep.failed(batch, Monotonic(2))
    sweep.refresh([NativeId("a")])
    assert take(sweep, 2.5) == []
    assert take(sweep, 4) == [("a",)]


def usual_step(jobs: int) -> float:
    """Seconds of the processor for one batch in a round of so many jobs."""
    sweep = sweeper(*map(str, range(jobs)), batch=1000)
    sweep.hurry(Monotonic(0))
    steps = []
    for turn in range(7):
        begin = thread_time()
        take(sweep, turn)
        answered(sweep, turn)
        sweep.next_wakeup()
        steps.append(thread_time() - begin)
    assert sweep.interval == pytest.approx(10.0)
    return median(steps)


def test_no_step_over_many_jobs_is_long() -> None:
    """Over thirty times as many it is hardly longer, on any machine."""
    assert usual_step(240_000) < 12 * usual_step(8000)
