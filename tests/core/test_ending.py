"""What follows the end of a job."""

import pytest
from msgspec.structs import replace

from ganga.core.orders import Ending, Failed, Finish, Finished, JobAttempt, Kill, KillSent, Requested
from ganga.core.tracker import Tracker
from ganga.model.event import EventKind
from ganga.model.ids import JobId
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from tests.core.examples import POLICY, TARGET, digest, moment, parent, record, told, tracker

S = JobStatus
DONE = record(status=S.COMPLETING)
JOB = JobId("1")


def finish(target: Tracker) -> tuple[float, Finish]:
    wakeup = target.next_wakeup()
    assert wakeup is not None
    seconds = max(wakeup, 0.0)
    [order] = [order for order in target.due(moment(seconds)) if isinstance(order, Finish)]
    return seconds, order


def test_a_job_ends_as_it_was_finished() -> None:
    target = tracker(DONE)
    _, order = finish(target)
    assert told(digest(target, 1, Finished(order, {JOB: Ending(S.FAILED, "a checker says no")}))) == [
        "completing -> failed"
    ]
    assert len(target) == 0


def test_another_attempt_follows_if_the_policy_says_so_and_nobody_wants_it_dead() -> None:
    again = Ending(S.FAILED, "exit code 3", resubmit=True)
    target = tracker(DONE)
    update = digest(target, 1, Finished(finish(target)[1], {JOB: again}))
    assert told(update) == ["completing -> failed", "failed -> submitting"]
    assert [kept.status for kept in update.attempts] == [S.FAILED]
    doomed = tracker(replace(DONE, kill_requested_by="ada"))
    assert told(digest(doomed, 1, Finished(finish(doomed)[1], {JOB: again}))) == ["completing -> failed"]


def test_output_that_cannot_be_had_is_said_to_be_missing() -> None:
    target = tracker(replace(DONE, reason="exit code 3"))
    for _ in range(2):
        seconds, order = finish(target)
        assert not digest(target, seconds, Finished(order, {}, {JOB: "no route"}))
    seconds, order = finish(target)
    update = digest(target, seconds, Finished(order))
    missing = "output missing, `ganga fetch 1` tries again: the retrieval did not say why"
    assert (told(update), update.records[0].reason) == (["completing -> completed"], f"exit code 3; {missing}")


def test_lost_output_of_many_costs_no_more_time_than_that_of_one_and_the_target_is_not_down() -> None:
    """Two tries after the first, each after twice as long."""
    target = tracker(*(record(str(number), S.COMPLETING) for number in range(1, 21)))
    reasons: dict[JobId, str | None] = {}
    seconds = 0.0
    while len(target):
        for order in target.due(moment(seconds)):
            assert isinstance(order, Finish)
            update = digest(target, seconds, Finished(order, {}, {item.job: "lost" for item in order.jobs}))
            reasons |= {kept.id: kept.reason for kept in update.records}
            assert all(event.kind is EventKind.STATUS_CHANGED for event in update.events)
        seconds = target.next_wakeup() or seconds
    assert len(reasons) == 20
    assert reasons == {job: f"output missing, `ganga fetch {job}` tries again: lost" for job in reasons}
    assert seconds <= POLICY.finish.retry.first * (1 + 2)


def test_one_job_that_breaks_everything_is_given_up_alone() -> None:
    """While the target answers otherwise; its batch mates are finished."""
    target = tracker(DONE, record("2", S.COMPLETING))
    ended: list[str] = []
    seconds = 0.0
    while len(target) and seconds < 1000.0:
        for order in target.due(moment(seconds)):
            assert isinstance(order, Finish)
            digest(target, seconds, KillSent(Kill(TARGET, ())))
            endings = {item.job: Ending(S.COMPLETED) for item in order.jobs}
            update = digest(target, seconds, Failed(order, "boom") if JOB in endings else Finished(order, endings))
            ended += [kept.id for kept in update.records if kept.status.final]
        seconds = target.next_wakeup() or seconds
    assert ended == ["2", "1"]


def test_where_only_the_output_cannot_be_asked_for_a_job_waits_for_more_than_an_hour() -> None:
    """The target answers otherwise, so that it is no outage; a service that keeps the output may be one of its own."""
    policy = Policy()
    target = tracker(DONE, policy=policy)
    seconds, tries = 0.0, 0
    while len(target):
        for order in target.due(moment(seconds)):
            if isinstance(order, Finish):
                digest(target, seconds, KillSent(Kill(TARGET, ())))
                digest(target, seconds, Failed(order, "no route", unavailable=True))
                tries += 1
        seconds = target.next_wakeup() or seconds
    assert tries == policy.unavailable_attempts
    assert seconds > 3600.0


def test_in_an_outage_nobody_is_given_up() -> None:
    target = tracker(DONE)
    for _ in range(20):
        seconds, order = finish(target)
        assert not digest(target, seconds, Failed(order, "no route")).records
    assert target.state.down_since is not None
    seconds, order = finish(target)
    news = told(digest(target, seconds, Finished(order, {JOB: Ending(S.COMPLETED)})))
    assert news == ["completing -> completed", "target_up"]


@pytest.mark.parametrize("failed", [False, True])
def test_what_was_done_for_an_end_that_is_no_more_does_not_count(*, failed: bool) -> None:
    """A subjob ran again while its job was being postprocessed."""
    subjob = record("1.0", S.FAILED)
    target = tracker()
    whole = replace(parent(status=S.COMPLETING, subjobs=1), outcome=S.FAILED, postprocessed=True)
    digest(target, 0, Requested(TARGET, (whole,), {JOB: {S.FAILED: 1}}))
    _, order = finish(target)
    again = digest(target, 1, Requested(TARGET, (replace(subjob, wanted_attempt=2),)))
    assert told(again) == ["failed -> submitting", "completing -> submitting"]
    killed = replace(subjob, status=S.SUBMITTING, attempt=2, wanted_attempt=2, kill_requested_by="ada")
    assert told(digest(target, 2, Requested(TARGET, (killed,)))) == ["submitting -> killed", "submitting -> completing"]
    assert target.due(moment(3)) == []
    late = Failed(order, "boom") if failed else Finished(order, {JOB: Ending(S.FAILED)})
    assert not digest(target, 4, late).records
    seconds, order = finish(target)
    assert order.jobs == (JobAttempt(JOB, 1),)
    assert told(digest(target, seconds, Finished(order, {JOB: Ending(S.KILLED)})))[0] == "completing -> killed"


def test_results_for_strangers_change_nothing() -> None:
    target = tracker(DONE)
    stranger = Finish(TARGET, (JobAttempt(JobId("9"), 1), JobAttempt(JOB, 7)))
    assert not digest(target, 1, Finished(stranger, {JobId("9"): Ending(S.COMPLETED), JOB: Ending(S.FAILED)}))
