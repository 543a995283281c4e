from random import Random

from ganga.core.feed import Feed
from ganga.model.clock import Monotonic
from ganga.model.policy import Pace

PACE = Pace(fastest=5.0, slowest=5.0)


def feed(idle: float | None = 60.0) -> Feed:
    return Feed(PACE, idle, Random(0))


def at(seconds: float) -> Monotonic:
    return Monotonic(seconds)


def test_while_jobs_live_it_keeps_its_pace() -> None:
    pace = feed()
    pace.look(at(0), live=True)
    due = pace.due_at(live=True)
    assert due is not None
    assert due <= 0
    pace.asked(at(0))
    pace.answered(at(1), changes=0)
    assert pace.due_at(live=True) == 5.0


def test_while_none_lives_each_question_is_waited_for() -> None:
    pace = feed()
    pace.look(at(100), live=False)
    pace.look(at(130), live=False)
    assert pace.due_at(live=False) == 160.0
    pace.asked(at(160))
    pace.answered(at(161), changes=0)
    pace.look(at(161), live=False)
    assert pace.due_at(live=False) == 221.0


def test_a_failure_while_none_lives_is_not_hurried_either() -> None:
    pace = feed()
    pace.look(at(0), live=False)
    pace.asked(at(60))
    pace.failed(at(61))
    pace.look(at(61), live=False)
    assert pace.due_at(live=False) == 121.0


def test_a_new_job_ends_the_rest() -> None:
    pace = feed()
    pace.look(at(0), live=False)
    pace.look(at(10), live=True)
    due = pace.due_at(live=True)
    assert due is not None
    assert due <= 10
    pace.look(at(20), live=False)
    assert pace.due_at(live=False) == 80.0


def test_without_a_pace_for_it_nothing_is_asked_while_none_lives() -> None:
    pace = feed(idle=None)
    pace.look(at(0), live=False)
    assert pace.due_at(live=False) is None
