"""Work is done in batches, in order, and nothing is in a lane twice."""

from math import inf
from random import Random
from statistics import median
from time import thread_time

import pytest

from ganga.core.lane import Lane
from ganga.model.clock import Monotonic
from ganga.model.policy import Retry, Width

NOW = Monotonic(100.0)


def lane(*items: str, batch: int = 2, parallel: int = 1) -> Lane[str]:
    made: Lane[str] = Lane(Width(batch=batch, parallel=parallel, retry=Retry(first=2.0, longest=60.0)), Random(0))
    for item in items:
        made.add(item)
    return made


def later(seconds: float) -> Monotonic:
    return Monotonic(NOW + seconds)


def test_batches_follow_each_other_in_order_of_arrival() -> None:
    work = lane("a", "b", "c")
    assert work.take(NOW) == [("a", "b")]
    assert work.take(NOW) == []
    assert work.next_wakeup() is None
    assert work.done(("a", "b")) == {"a", "b"}
    assert work.take(NOW) == [("c",)]
    assert len(work) == 1


def test_so_many_batches_go_on_at_once() -> None:
    assert lane("a", "b", "c", "d", "e", parallel=2).take(NOW) == [("a", "b"), ("c", "d")]


def test_an_item_is_in_the_lane_once_whatever_happens() -> None:
    work = lane("a", "a")
    assert work.take(NOW) == [("a",)]
    work.add("a")
    work.postpone("a", later(1))
    assert (len(work), "a" in work, work.under_way("a")) == (1, True, True)
    work.done(("a",))
    assert (len(work), "a" in work, work.take(later(9))) == (0, False, [])
    work.add("a")
    assert work.take(later(9)) == [("a",)]


def test_what_is_discarded_while_under_way_does_not_count() -> None:
    work = lane("a", "b")
    work.take(NOW)
    work.discard("a")
    work.add("a")
    assert work.done(("a", "b")) == {"b"}
    work.add("a")
    work.take(NOW)
    assert work.done(("a",)) == {"a"}


def test_a_batch_that_is_not_ours_changes_nothing() -> None:
    work = lane("a")
    assert work.done(("x",)) == frozenset()
    work.take(NOW)
    work.done(("a",))
    assert work.done(("a",)) == frozenset()
    work.add("b")
    work.add("c")
    work.add("d")
    assert work.take(NOW) == [("b", "c")]


def test_a_failure_makes_the_lane_wait_and_the_batches_smaller() -> None:
    work = lane("a", "b", "c", "d", batch=4)
    [batch] = work.take(NOW)
    work.failed(batch, NOW)
    for item in batch:
        work.add(item)
    wakeup = work.next_wakeup()
    assert wakeup is not None
    assert NOW + 1 <= wakeup <= NOW + 2
    assert work.take(NOW) == []
    assert work.take(wakeup) == [("a", "b")]
    work.done(("a", "b"))
    work.add("e")
    work.add("f")
    assert work.take(wakeup) == [("c", "d", "e", "f")]


def test_one_item_is_postponed_longer_each_time() -> None:
    work = lane("a", "b")
    waits = []
    for turn in range(1, 5):
        work.take(NOW)
        work.done(("a", "b"))
        assert work.retry("a", NOW) == turn
        wakeup = work.next_wakeup()
        assert wakeup is not None
        waits.append(wakeup - NOW)
        work.postpone("a", NOW)
    assert all(2**turn <= wait <= 2 ** (turn + 1) for turn, wait in enumerate(waits))
    work.discard("a")
    work.add("a")
    work.take(NOW)
    work.done(("a",))
    assert work.retry("a", NOW) == 1


def test_the_newest_appointment_holds() -> None:
    work = lane()
    work.postpone("a", later(5))
    work.postpone("a", later(9))
    assert (work.next_wakeup(), work.take(later(6))) == (later(9), [])
    assert work.take(later(9)) == [("a",)]
    work.postpone("b", later(20))
    work.discard("b")
    work.done(("a",))
    assert work.next_wakeup() is None


def test_what_waits_goes_before_what_was_postponed() -> None:
    work = lane()
    work.postpone("a", later(1))
    work.add("b")
    assert work.next_wakeup() == -inf
    assert work.take(later(2)) == [("b", "a")]


def usual_step(items: int, *, postponed: bool) -> float:
    """Seconds of the processor for one batch of so many items."""
    work = lane(batch=500)
    for number in range(items):
        if postponed:
            work.postpone(str(number), NOW)
        else:
            work.add(str(number))
    steps = []
    for _ in range(20):
        begin = thread_time()
        [batch] = work.take(NOW)
        work.done(batch)
        work.next_wakeup()
        steps.append(thread_time() - begin)
    return median(steps)


@pytest.mark.parametrize("postponed", [False, True])
def test_no_step_costs_more_than_its_batch(*, postponed: bool) -> None:
    """Of forty times as many items it costs hardly more, on any machine."""
    assert usual_step(200_000, postponed=postponed) < 12 * usual_step(10_500, postponed=postponed)


def test_what_comes_around_is_done_at_once_the_first_time_and_then_ever_more_slowly() -> None:
    made = lane()
    made.come_around("a", NOW)
    assert made.take(NOW) == [("a",)]
    made.done(["a"])
    made.come_around("a", NOW)
    assert made.take(NOW) == []
    assert made.take(Monotonic(NOW + 2.0)) == [("a",)]
