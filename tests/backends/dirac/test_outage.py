"""When other roads are worth a try."""

from itertools import pairwise

from ganga.backends.dirac.outage import Outage


def tried(outage: Outage, *times: float) -> list[float]:
    return [time for time in times if outage.failed(time)]


def test_the_roads_are_tried_after_several_failures_that_last() -> None:
    assert tried(Outage(), 0.0, 10.0, 59.0, 60.0) == [60.0]
    assert tried(Outage(), 0.0, 100.0) == []
    assert tried(Outage(), 0.0, 100.0, 200.0) == [200.0]


def test_an_answer_in_between_begins_the_count_anew() -> None:
    outage = Outage()
    assert tried(outage, 0.0, 50.0) == []
    outage.succeeded()
    assert tried(outage, 70.0, 80.0, 90.0, 130.0) == [130.0]


def test_while_none_works_they_are_tried_ever_more_seldom() -> None:
    outage = Outage()
    times = tried(outage, *(10.0 * number for number in range(1, 500)))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:5] == [60.0, 120.0, 240.0, 480.0, 960.0]
    assert set(pauses[5:]) == {960.0}


def test_what_is_announced_to_last_needs_no_further_failures() -> None:
    outage = Outage()
    assert outage.failed(0.0, announced=True)
    assert not outage.failed(59.0, announced=True), "none works: later"
    assert outage.failed(60.0, announced=True)
