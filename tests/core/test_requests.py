"""What people asked for is merged with what the tracker knows."""

import pytest
from msgspec.structs import replace

from ganga.core.orders import (
    Answered,
    Ending,
    Failed,
    Find,
    Finish,
    Finished,
    JobAttempt,
    Kill,
    KillSent,
    Requested,
    Submit,
    Sweep,
)
from ganga.model.clock import Utc
from ganga.model.event import EventKind
from ganga.model.ids import JobId, NativeId
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from tests.core.examples import TARGET, digest, moment, parent, record, seen, told, tracker

S = JobStatus
JOB = JobId("1")
N1 = NativeId("n1")


def test_only_what_a_person_writes_is_taken_from_a_fresh_record() -> None:
    target = tracker(record(status=S.RUNNING))
    digest(target, 1, Requested(TARGET, (replace(record(), kill_requested_by="ada"),)))
    known = target.record(JOB)
    assert known is not None
    assert (known.status, known.kill_requested_by) == (S.RUNNING, "ada")


def test_a_job_is_killed_until_it_is_gone() -> None:
    target = tracker(replace(record(status=S.RUNNING), kill_requested_by="ada"))
    kill, sweep = target.due(moment(0))
    assert isinstance(kill, Kill)
    assert isinstance(sweep, Sweep)
    digest(target, 1, Failed(kill, "no route"))
    [again] = target.due(moment(3))
    assert again == kill
    digest(target, 4, KillSent(kill))
    assert target.due(moment(10)) == []
    [repeated] = target.due(moment(24))
    assert repeated == Kill(TARGET, (N1,), again=True)
    digest(target, 25, Failed(repeated, "no route"))
    assert target.due(moment(40)) == [repeated]
    killed = Answer({N1: seen(S.KILLED, "CA")})
    assert told(digest(target, 41, KillSent(repeated), Answered(sweep, killed))) == ["running -> completing"]
    assert target.due(moment(99)) == [Finish(TARGET, (JobAttempt(JOB, 1),))]


def test_the_first_request_to_end_a_job_does_not_stand_behind_repeated_ones() -> None:
    stubborn = replace(record(status=S.RUNNING), kill_requested_by="ada")
    target = tracker(stubborn)
    [kill, _] = target.due(moment(0))
    digest(target, 1, KillSent(Kill(TARGET, (N1,))))
    assert kill == Kill(TARGET, (N1,))
    assert target.due(moment(21)) == [Kill(TARGET, (N1,), again=True)], "and is out from now on"
    other = replace(record(status=S.RUNNING), id=JobId("2"), native_id=NativeId("n2"), kill_requested_by="ada")
    digest(target, 22, Requested(TARGET, (stubborn, other)))
    assert Kill(TARGET, (NativeId("n2"),)) in target.due(moment(22))


@pytest.mark.parametrize("status", [S.NEW, S.FAILED, S.KILLED, S.LOST, S.COMPLETED])
def test_another_attempt_begins_when_somebody_wants_it(status: JobStatus) -> None:
    stored = record(status=status)
    target = tracker()
    update = digest(target, 1, Requested(TARGET, (replace(stored, wanted_attempt=stored.attempt + 1),)))
    assert told(update) == [f"{status} -> submitting"]
    assert target.due(moment(1)) == [Submit(TARGET, (JOB,))]


def test_another_attempt_that_is_to_be_killed_ends_before_it_begins() -> None:
    wanted = replace(record(status=S.FAILED), wanted_attempt=2, kill_requested_by="ada")
    target = tracker()
    news = told(digest(target, 1, Requested(TARGET, (wanted,))))
    assert news == ["failed -> submitting", "submitting -> killed"]
    assert target.due(moment(1)) == []


def test_what_has_ended_is_asked_about_once_more_on_request() -> None:
    """It may have been run again since."""
    done = record(status=S.FAILED)
    target = tracker()
    digest(target, 1, Requested(TARGET, (done,), refresh=(JOB,)))
    [sweep] = target.due(moment(1))
    assert isinstance(sweep, Sweep)
    assert sweep.ids == (N1,)
    assert not digest(target, 2, Answered(sweep, Answer({N1: seen(S.FAILED, "F")}))).records
    assert (len(target), target.next_wakeup()) == (0, None)
    digest(target, 5, Requested(TARGET, (done,), refresh=(JOB,)))
    [sweep] = target.due(moment(5))
    assert isinstance(sweep, Sweep)
    update = digest(target, 6, Answered(sweep, Answer({N1: seen(restart=1)})))
    assert told(update) == ["failed -> running"]
    assert len(target) == 1


def test_a_refresh_that_fails_lets_go_of_what_has_ended() -> None:
    target = tracker()
    digest(target, 1, Requested(TARGET, (record(status=S.COMPLETED),), refresh=(JOB, JobId("7"))))
    [sweep] = target.due(moment(1))
    digest(target, 2, Failed(sweep, "no route"))
    digest(target, 2, Failed(sweep, "no route"))
    assert (len(target), target.next_wakeup()) == (0, None)


def test_a_paused_target_is_left_alone_and_goes_on_afterwards() -> None:
    target = tracker(record())
    digest(target, 1, Requested(TARGET, paused=True))
    digest(target, 1, Requested(TARGET, (), refresh=(JOB,)))
    assert (target.due(moment(9)), target.next_wakeup()) == ([], None)
    assert not digest(target, 2, Requested(TARGET, paused=False))
    assert len(target.due(moment(10))) == 1


def test_what_was_read_before_a_job_ended_does_not_revive_it() -> None:
    stored = record(status=S.RUNNING)
    target = tracker(stored)
    [sweep] = target.due(moment(0))
    assert isinstance(sweep, Sweep)
    digest(target, 1, Answered(sweep, Answer({N1: seen(S.COMPLETED, "CD")})))
    [finish] = target.due(moment(1))
    assert isinstance(finish, Finish)
    digest(target, 2, Finished(finish, {JOB: Ending(S.COMPLETED)}))
    assert not digest(target, 3, Requested(TARGET, (stored,)))
    assert len(target) == 0


def test_what_was_removed_is_forgotten_with_its_lost_subjobs() -> None:
    target = tracker()
    whole = replace(parent(status=S.LOST, subjobs=2), outcome=S.LOST)
    digest(
        target, 0, Requested(TARGET, (whole, record("1.0", S.LOST), record("2")), {JOB: {S.LOST: 1, S.COMPLETED: 1}})
    )
    assert len(target) == 3
    digest(target, 1, Requested(TARGET, removed=(JOB, JobId("2"))))
    assert len(target) == 0


def test_a_lost_subjob_that_is_found_brings_its_job_back() -> None:
    target = tracker()
    whole = replace(parent(status=S.FAILED, subjobs=2), outcome=S.FAILED)
    subjobs = (record("1.0", S.LOST), record("1.1", S.FAILED))
    digest(target, 0, Requested(TARGET, (whole, *subjobs), {JOB: {S.LOST: 1, S.FAILED: 1}}))
    late = Answered(Sweep(TARGET, ()), Answer({NativeId("n1.0"): seen()}))
    assert told(digest(target, 1, late)) == ["lost -> running", "failed -> running"]


def test_a_killed_family_ends_as_its_subjobs_do() -> None:
    target = tracker()
    whole = replace(parent(status=S.NEW, subjobs=2), kill_requested_by="ada")
    subjobs = [replace(record(f"1.{index}", S.NEW), kill_requested_by="ada") for index in range(2)]
    update = digest(target, 0, Requested(TARGET, (whole, *subjobs), {JOB: {S.NEW: 2}}))
    assert told(update) == ["new -> killed"] * 3
    assert update.records[-1].reason == "of 2 subjobs 2 killed"


def test_subjobs_of_a_finished_job_that_come_in_a_later_page_revive_it() -> None:
    target = tracker()
    whole = replace(parent(status=S.FAILED, subjobs=2), outcome=S.FAILED)
    assert not digest(target, 0, Requested(TARGET, (whole,), {JOB: {S.FAILED: 1, S.COMPLETED: 1}}))
    wanted = replace(record("1.1", S.FAILED), wanted_attempt=2)
    update = digest(target, 1, Requested(TARGET, (record("1.0", S.COMPLETED), wanted)))
    assert told(update) == ["failed -> submitting", "failed -> running"]


def test_a_job_whose_subjobs_are_not_counted_is_not_followed() -> None:
    assert len(tracker(parent())) == 0


def test_a_monitor_that_takes_over_looks_before_it_submits_and_asks_before_it_confirms() -> None:
    target = tracker(record("1", S.SUBMITTING), record("2"), record("3"), in_doubt=True)
    find, sweep = target.due(moment(0))
    assert find == Find(TARGET, (JOB,))
    assert isinstance(sweep, Sweep)
    digest(target, 0.5, Requested(TARGET, (record("4"),), in_doubt=frozenset({JobId("4")})))
    [late] = target.due(moment(0.6))
    assert isinstance(late, Sweep)
    assert late.ids == ("n4",)
    half = digest(target, 1, Answered(sweep, Answer(dict.fromkeys(sweep.ids, seen(S.SUBMITTED, "PD")))))
    assert half.state is None
    whole = digest(target, 2, Answered(late, Answer(dict.fromkeys(late.ids, seen(S.SUBMITTED, "PD")))))
    assert whole.state is not None
    assert whole.state.confirmed_at == Utc(1000.0)


def test_what_was_not_handed_over_is_submitted_without_a_look() -> None:
    target = tracker()
    waiting = record("1", S.SUBMITTING), record("2", S.SUBMITTING)
    digest(target, 0, Requested(TARGET, waiting, in_doubt=frozenset({JobId("2")})))
    assert target.due(moment(0)) == [Find(TARGET, (JobId("2"),)), Submit(TARGET, (JOB,))]


def test_who_asks_about_an_unchanged_job_is_told_when_it_was_confirmed() -> None:
    target = tracker(record(status=S.RUNNING))
    [first] = target.due(moment(0))
    assert isinstance(first, Sweep)
    unchanged = Answer({N1: seen(S.RUNNING, "R")})
    digest(target, 1, Answered(first, unchanged))
    digest(target, 5, Requested(TARGET, refresh=(JOB,)))
    [asked] = target.due(moment(5))
    assert isinstance(asked, Sweep)
    update = digest(target, 6, Answered(asked, unchanged))
    assert [event.kind for event in update.events] == [EventKind.CONFIRMED]
    assert [stored.confirmed_at for stored in update.records] == [moment(6).utc]
    digest(target, 7, Requested(TARGET, refresh=()))
    assert target.due(moment(7)) == []
