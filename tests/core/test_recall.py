"""Jobs that the back end runs again after their end, and jobs of others."""

from collections.abc import Mapping

from msgspec.structs import replace

from ganga.core.orders import Answered, CatchUp, Ending, Finish, Finished, Kill, Recall, Recalled, Requested
from ganga.core.tracker import Tracker
from ganga.model.ids import Cursor, JobId, NativeId
from ganga.model.job import JobRecord, TargetState
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus as S
from tests.core.examples import TARGET, digest, moment, parent, record, seen, told, tracker

N1, N2 = NativeId("n1"), NativeId("n2")
ENDED = replace(record(status=S.COMPLETED), ended_at=960.0)
AGAIN = seen(S.SUBMITTED, "PD", restart=1)


def idle() -> Tracker:
    """A tracker with a feed that was asked before, and no jobs."""
    return tracker(feed=True, state=TargetState(name=TARGET, cursor="c1"))


def news(**observations: Observation) -> Answered:
    return Answered(CatchUp(TARGET, Cursor("c1")), Answer({NativeId(key): o for key, o in observations.items()}))


def recalled(records: Mapping[NativeId, JobRecord], *strangers: NativeId) -> Recalled:
    return Recalled(Recall(TARGET, (*records, *strangers)), records)


def test_only_what_is_not_followed_is_looked_up() -> None:
    target = tracker(record(), feed=True)
    assert target.recall([news(n1=seen())]) is None
    assert target.recall([news(n1=seen(), n2=seen(), n3=seen()), news(n3=seen())]) == Recall(
        TARGET, (N2, NativeId("n3"))
    )


def test_a_further_run_is_the_next_attempt() -> None:
    target = idle()
    update = digest(target, 1, recalled({N1: ENDED}), news(n1=AGAIN))
    [again] = update.records
    assert (again.status, again.attempt, again.restart, again.native_id) == (S.SUBMITTED, 2, 1, N1)
    assert told(update) == ["completed -> submitted"]
    assert update.attempts == (ENDED,)
    assert target.record(again.id) == again, "it is followed from now on"


def test_a_job_that_was_killed_and_is_rescheduled_is_not_killed_again() -> None:
    target = idle()
    killed = replace(record(status=S.KILLED), ended_at=960.0, kill_requested_by="ada")
    [again] = digest(target, 1, recalled({N1: killed}), news(n1=AGAIN)).records
    assert again.kill_requested_by is None
    assert not any(isinstance(order, Kill) for order in target.due(moment(1)))


def test_it_is_finished_as_an_attempt_of_its_own() -> None:
    target = idle()
    digest(target, 1, recalled({N1: ENDED}), news(n1=seen(S.FAILED, "F", restart=1, exit_code=1)))
    assert [order.jobs for order in target.due(moment(1)) if isinstance(order, Finish)] == [((JobId("1"), 2),)]


def test_the_end_that_is_known_is_told_no_second_time() -> None:
    target = idle()
    assert not digest(target, 1, recalled({N1: ENDED}), news(n1=seen(S.COMPLETED, "CD")))
    assert len(target) == 0, "it is not followed for that"
    assert target.recall([news(n1=seen(S.COMPLETED, "CD"))]) is None, "nor looked up again"
    assert target.recall([news(n1=AGAIN)]) is not None, "but a further run would be news"


def test_a_live_word_about_a_run_that_has_ended_is_no_evidence() -> None:
    target = idle()
    assert not digest(target, 1, recalled({N1: replace(ENDED, restart=1)}), news(n1=seen(S.RUNNING, restart=1)))


def test_the_end_of_a_job_that_is_followed_is_remembered() -> None:
    target = tracker(record(status=S.COMPLETING), feed=True)
    [order] = [order for order in target.due(moment(0)) if isinstance(order, Finish)]
    digest(target, 1, Finished(order, {JobId("1"): Ending(S.COMPLETED)}))
    assert target.recall([news(n1=seen(S.COMPLETED, "CD"))]) is None
    assert target.recall([news(n1=AGAIN)]) is not None


def test_a_lost_job_is_overturned_by_any_evidence() -> None:
    lost = replace(record(status=S.LOST), ended_at=960.0)
    update = digest(idle(), 1, recalled({N1: lost}), news(n1=seen(S.RUNNING)))
    assert told(update) == ["lost -> running"]
    update = digest(idle(), 1, recalled({N1: lost}), news(n1=seen(S.COMPLETED, "CD")))
    assert told(update) == ["lost -> completing"]


def test_the_jobs_of_others_are_looked_up_once() -> None:
    target = idle()
    assert not digest(target, 1, recalled({}, N1, N2), news(n1=seen(), n2=seen()))
    assert target.recall([news(n1=seen(S.COMPLETED, "CD", restart=3), n2=seen())]) is None


def test_a_stranger_that_somebody_has_tracked_is_followed() -> None:
    target = idle()
    digest(target, 1, recalled({}, N1), news(n1=seen()))
    digest(target, 2, Requested(TARGET, (record(),)))
    assert told(digest(target, 3, news(n1=seen(S.RUNNING)))) == ["submitted -> running"]


def test_what_somebody_wants_submitted_again_is_left_to_that_request() -> None:
    wanted = replace(ENDED, wanted_attempt=2)
    assert not digest(idle(), 1, recalled({N1: wanted}), news(n1=AGAIN))


def test_what_is_followed_meanwhile_is_not_replaced_by_its_old_record() -> None:
    target = tracker(replace(record(status=S.SUBMITTED), attempt=2, wanted_attempt=2, restart=1), feed=True)
    update = digest(target, 1, recalled({N1: ENDED}), news(n1=seen(S.RUNNING, restart=1)))
    assert told(update) == ["submitted -> running"]


def test_a_job_whose_subjob_runs_again_runs_again() -> None:
    target = idle()
    whole = replace(parent(status=S.COMPLETED), outcome=S.COMPLETED)
    subjob = record("1.1", S.COMPLETED, "n1")
    order = Recall(TARGET, (N1,))
    back = Recalled(order, {N1: subjob}, (whole,), {JobId("1"): {S.COMPLETED: 2}})
    update = digest(target, 1, back, news(n1=AGAIN))
    assert {changed.id: changed.status for changed in update.records} == {"1.1": S.SUBMITTED, "1": S.RUNNING}
    assert told(update) == ["completed -> submitted", "completed -> running"]


def test_a_target_without_live_jobs_is_asked_now_and_then() -> None:
    target = idle()
    assert target.due(moment(0)) == []
    assert target.next_wakeup() == 50.0
    [order] = target.due(moment(50))
    assert isinstance(order, CatchUp)
    assert order.since == "c1"


def test_a_target_that_never_had_jobs_is_left_alone() -> None:
    target = tracker(feed=True)
    assert target.due(moment(0)) == []
    assert target.next_wakeup() is None
