"""An end is told with its words, or when these have had the time to come."""

import pytest
from msgspec.structs import replace

from ganga.backends.dirac.ends import GRACE, OVER, Ends
from ganga.backends.dirac.road import JobState
from ganga.model.clock import Utc

NOW = Utc(1_800_000_000.0)
FAILED = JobState(id=7, status="Failed", minor_status="Uploading Output Sandbox", updated_at=NOW)
WHOLE = replace(FAILED, minor_status="Application Finished With Errors", application_status="Exited With Status 3")


class Heard:
    """Ends with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ends = Ends(now=lambda: self.now)

    def told(self, *states: JobState, after: float = 0.0) -> list[JobState]:
        self.now += after
        return self.ends.told(states, Utc(NOW + self.now))


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_what_lives_and_what_has_its_words_is_told_at_once(heard: Heard) -> None:
    states = [JobState(id=1, status="Running", updated_at=NOW), WHOLE]
    assert heard.told(*states) == states
    assert not heard.ends.held_back


def test_an_end_without_words_is_told_when_they_come(heard: Heard) -> None:
    assert heard.told(FAILED) == []
    assert list(heard.ends.held_back) == [7]
    assert heard.told(FAILED, after=GRACE - 1) == []
    assert heard.told(WHOLE) == [WHOLE]
    assert not heard.ends.held_back


def test_an_end_that_has_none_is_told_when_they_have_had_the_time_to_come(heard: Heard) -> None:
    assert heard.told(FAILED) == []
    assert heard.told(FAILED, after=GRACE) == [FAILED]
    assert not heard.ends.held_back


def test_how_often_it_is_looked_at_does_not_matter(heard: Heard) -> None:
    assert [heard.told(FAILED) for _ in range(1000)] == [[]] * 1000


def test_an_end_of_long_ago_has_all_its_words(heard: Heard) -> None:
    assert heard.told(FAILED, after=OVER) == [FAILED]


def test_the_servers_clocks_may_differ(heard: Heard) -> None:
    ahead = replace(FAILED, updated_at=Utc(NOW + 3 * OVER))
    assert heard.told(ahead) == []
    assert heard.told(ahead, after=GRACE) == [ahead]


def test_the_next_run_of_a_job_has_an_end_of_its_own(heard: Heard) -> None:
    assert heard.told(FAILED) == []
    again = replace(FAILED, reschedules=1)
    assert heard.told(again, after=GRACE) == []
    assert heard.told(again, after=GRACE) == [again]


def test_a_job_that_lives_again_is_told(heard: Heard) -> None:
    assert heard.told(FAILED) == []
    waiting = replace(FAILED, status="Received", reschedules=1)
    assert heard.told(waiting) == [waiting]
    assert not heard.ends.held_back


def test_what_is_not_there_any_more_is_not_looked_at_again(heard: Heard) -> None:
    heard.told(FAILED)
    heard.ends.gone([7, 8])
    assert not heard.ends.held_back
