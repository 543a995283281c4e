"""A target that asks to be left alone is left alone, whatever there is to be done."""

import pytest
from msgspec.structs import replace

from ganga.core.orders import Failed, Find, Finish, Kill, Order, Submit, Sweep
from ganga.core.rest import Rest
from ganga.model.status import JobStatus as S
from tests.core.examples import digest, moment, record, told, tracker

BUSY = (
    record("1"),
    record("2", S.COMPLETING),
    record("3", S.SUBMITTING),
    replace(record("4"), kill_requested_by="ada"),
)
KINDS: tuple[type[Order], ...] = (Sweep, Finish, Submit, Kill)


@pytest.mark.parametrize("kind", KINDS)
def test_no_order_of_any_kind_goes_out_before_the_time_is_over(kind: type[Order]) -> None:
    target = tracker(*BUSY, feed=True)
    orders = target.due(moment(0))
    assert {type(order) for order in orders} >= set(KINDS)
    asked = next(order for order in orders if isinstance(order, kind))
    digest(target, 1, *(Failed(order, "cut off") for order in orders if order is not asked))
    digest(target, 1, Failed(asked, "not ready", retry_after=100.0))
    assert target.next_wakeup() == 101.0
    assert target.due(moment(100.9)) == []
    again = {type(order) for order in target.due(moment(101))}
    assert again >= {Sweep, Finish, Find, Kill}


def test_a_back_off_that_is_longer_still_holds() -> None:
    target = tracker(record())
    for at in range(0, 100, 10):
        for order in target.due(moment(at)):
            digest(target, at, Failed(order, "not ready", retry_after=0.001))
    wakeup = target.next_wakeup()
    assert wakeup is not None
    assert wakeup > 90.5


@pytest.mark.parametrize("absurd", [1e12, float("inf")])
def test_nobody_is_left_alone_for_longer_than_an_hour(absurd: float) -> None:
    target = tracker(record())
    [order] = target.due(moment(0))
    digest(target, 0, Failed(order, "not ready", retry_after=absurd))
    assert target.next_wakeup() == Rest.LONGEST


@pytest.mark.parametrize("nothing", [0.0, -5.0])
def test_what_is_no_time_changes_nothing(nothing: float) -> None:
    target, other = tracker(record()), tracker(record())
    for some, wait in ((target, nothing), (other, None)):
        [order] = some.due(moment(0))
        digest(some, 0, Failed(order, "not ready", retry_after=wait))
    assert target.next_wakeup() == other.next_wakeup()


def test_a_long_time_is_told_at_once_in_the_words_of_the_target() -> None:
    target = tracker(record())
    [order] = target.due(moment(0))
    update = digest(target, 0, Failed(order, "asks to wait 600 s", retry_after=Rest.OUTAGE))
    assert told(update) == ["target_down"]
    assert target.state.error == "asks to wait 600 s"
    assert target.state.down_since == 1000.0


def test_a_short_time_is_no_outage_yet() -> None:
    target = tracker(record())
    [order] = target.due(moment(0))
    assert not digest(target, 0, Failed(order, "asks to wait 10 s", retry_after=10.0))
