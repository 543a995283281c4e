"""News and requests are two things."""

from ganga.model.event import REQUESTS, EventKind


def test_requests_are_those_that_people_make() -> None:
    assert {
        kind for kind in EventKind if kind.value.endswith(("_requested", "_created", "_removed", "_paused", "_resumed"))
    } == (REQUESTS)
