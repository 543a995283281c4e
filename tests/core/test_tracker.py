"""A target that fails is said to be down, once, and keeps its pace."""

from msgspec.structs import replace

from ganga.core.orders import Answered, CatchUp, Ending, Failed, Finish, Finished, Strain, Sweep
from ganga.model.clock import Utc
from ganga.model.event import EventKind
from ganga.model.ids import NativeId
from ganga.model.job import TargetState
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from tests.core.examples import TARGET, digest, moment, record, seen, told, tracker

RUNNING = record(status=JobStatus.RUNNING)


def test_it_is_down_after_failures_and_up_with_the_first_answer() -> None:
    target = tracker(RUNNING)
    news: list[str] = []
    seconds = 0.0
    for _ in range(6):
        [order] = target.due(moment(seconds))
        update = digest(target, seconds + 1, Failed(order, "no route"))
        assert not update.records
        news += told(update)
        seconds = target.next_wakeup() or 0.0
    assert news == ["target_down"]
    assert (target.state.down_since, target.state.error) == (1001.0, "no route")
    [order] = target.due(moment(seconds))
    assert isinstance(order, Sweep)
    update = digest(target, seconds, Answered(order, Answer({NativeId("n1"): seen()})))
    assert (told(update), target.state.down_since, target.state.error) == (["target_up"], None, None)


def test_a_target_that_is_down_is_not_said_to_be_down_again_after_a_restart() -> None:
    target = tracker(RUNNING, state=TargetState(name=TARGET, down_since=Utc(5.0), error="no route"))
    for seconds in (0.0, 10.0, 20.0, 30.0):
        [order] = target.due(moment(seconds))
        assert not digest(target, seconds, Failed(order, "no route"))
    [order] = target.due(moment(50))
    assert isinstance(order, Sweep)
    update = digest(target, 51, Answered(order, Answer({NativeId("n1"): seen()})))
    assert [event.kind for event in update.events] == [EventKind.TARGET_UP]


def test_a_feed_backs_off_alone() -> None:
    target = tracker(RUNNING, feed=True)
    sweep, feed = target.due(moment(0))
    assert isinstance(sweep, Sweep)
    assert isinstance(feed, CatchUp)
    assert target.due(moment(50)) == []
    digest(target, 50, Answered(sweep, Answer({NativeId("n1"): seen()})))
    digest(target, 50, Failed(feed, "no route"))
    digest(target, 50, Failed(feed, "no route"))
    wakeup = target.next_wakeup()
    assert wakeup is not None
    assert 51 <= wakeup <= 52
    [again] = target.due(moment(52))
    assert isinstance(again, CatchUp)


def test_a_feed_that_nobody_has_is_not_heard_of() -> None:
    target = tracker(RUNNING)
    stray = CatchUp(TARGET, None, target._questions.feed())
    assert not digest(target, 1, Answered(stray, Answer({NativeId("n1"): seen()})))
    stray = CatchUp(TARGET, None, target._questions.feed())
    assert not digest(target, 1, Failed(stray, "no route"))


def test_it_tells_of_itself() -> None:
    target = tracker(RUNNING, replace(RUNNING, id="2", native_id=NativeId("n2"), status=JobStatus.LOST))
    assert repr(target) == "<Tracker slurm: 2 jobs, 1 polled>"
    assert target.interval == 10.0


def test_how_many_calls_hang_is_stored_with_the_target() -> None:
    update = digest(tracker(RUNNING), 1, Strain(TARGET, 3))
    assert update.state is not None
    assert (update.state.stuck_threads, update.events) == (3, ())


def test_what_is_finished_here_does_not_say_that_the_target_answers() -> None:
    for native_id, is_up in ((None, False), (NativeId("n"), True)):
        ended = replace(record(status=JobStatus.COMPLETING), native_id=native_id, outcome=JobStatus.COMPLETED)
        target = tracker(ended, state=TargetState(name=TARGET, down_since=moment(0).utc, error="no route"))
        [finish] = (order for order in target.due(moment(1)) if isinstance(order, Finish))
        update = digest(target, 2, Finished(finish, {ended.id: Ending(JobStatus.COMPLETED)}))
        assert ("target_up" in told(update)) is is_up
