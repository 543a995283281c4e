"""Orders are data: two that ask the same are the same."""

from ganga.core.orders import Kill, Requested, Submit
from ganga.model.ids import JobId, NativeId
from tests.core.examples import TARGET


def test_orders_are_equal_by_what_they_ask() -> None:
    assert Submit(TARGET, (JobId("1"),)) == Submit(TARGET, (JobId("1"),))
    assert Submit(TARGET, (JobId("1"),)) != Submit(TARGET, (JobId("2"),))
    assert len({Kill(TARGET, (NativeId("1"),)), Kill(TARGET, (NativeId("1"),))}) == 1


def test_a_request_that_asks_for_nothing_says_nothing() -> None:
    asked = Requested(TARGET)
    assert (asked.records, asked.removed, asked.refresh, asked.paused, asked.in_doubt) == (
        (),
        (),
        (),
        None,
        frozenset(),
    )
