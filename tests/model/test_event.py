"""News and requests are two things."""

from ganga.model.event import REQUESTS, EventKind


def test_requests_are_those_that_people_make() -> None:
    endings = ("_requested", "_withdrawn", "_created", "_removed", "_paused", "_resumed")
    assert {kind for kind in EventKind if kind.value.endswith(endings)} == REQUESTS
