"""A job with subjobs is what they make it."""

from msgspec.structs import replace

from ganga.core.family import Families
from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.core.examples import parent

S = JobStatus
JOB = JobId("1")
NOW = Utc(2000.0)


def settled(known: JobRecord, counts: dict[JobStatus, int]) -> JobRecord:
    families = Families()
    families.add(JOB, counts)
    return families.settle(known, NOW)


def test_its_status_follows_with_the_times() -> None:
    submitted = settled(parent(status=S.SUBMITTING), {S.SUBMITTED: 2})
    assert (submitted.status, submitted.submitted_at, submitted.started_at) == (S.SUBMITTED, NOW, None)
    running = settled(parent(), {S.SUBMITTED: 1, S.RUNNING: 1})
    assert (running.status, running.started_at) == (S.RUNNING, NOW)
    done = settled(running, {S.COMPLETED: 2})
    assert (done.status, done.outcome, done.ended_at, done.reason) == (S.COMPLETED, S.COMPLETED, NOW, None)
    assert settled(done, {S.COMPLETED: 2}) is done


def test_its_end_says_what_went_wrong() -> None:
    assert settled(parent(), {S.FAILED: 2, S.LOST: 1, S.COMPLETED: 4}).reason == "of 7 subjobs 2 failed, 1 lost"


def test_what_is_to_be_done_after_the_end_comes_first() -> None:
    merging = settled(replace(parent(), postprocessed=True), {S.COMPLETED: 2})
    assert (merging.status, merging.outcome) == (S.COMPLETING, S.COMPLETED)
    assert settled(merging, {S.COMPLETED: 2}) is merging
    objected = replace(merging, status=S.FAILED)
    assert settled(objected, {S.COMPLETED: 2}) is objected


def test_it_comes_to_life_again_with_its_subjobs() -> None:
    over = replace(parent(status=S.FAILED), outcome=S.FAILED, ended_at=Utc(1.0), reason="of 2 subjobs 1 failed")
    again = settled(over, {S.SUBMITTING: 1, S.COMPLETED: 1})
    assert (again.status, again.outcome, again.ended_at, again.reason) == (S.RUNNING, None, None, None)


def test_touched_are_told_once_and_strangers_are_none_of_its_business() -> None:
    families = Families()
    families.move(JOB, S.SUBMITTED, S.RUNNING)
    families.add(JOB, {S.SUBMITTED: 1})
    assert (families.touched(), families.touched(), JOB in families) == ([JOB], [], True)
    families.move(JOB, S.SUBMITTED, S.LOST)
    assert (families.touched(), families.lost(JOB), families.lost(JobId("2"))) == ([JOB], True, False)
    families.discard(JOB)
    assert JOB not in families


def test_those_over_longest_are_let_go_first_except_with_a_lost_subjob() -> None:
    families = Families()
    for number in range(1, 5):
        families.add(JobId(str(number)), {S.LOST if number == 1 else S.COMPLETED: 1})
    gone = [families.retire(parent(str(number), S.COMPLETED), 2) for number in range(1, 5)]
    assert gone == [[], [], [], ["2"]]
    assert families.retire(parent("3", S.RUNNING), 2) == []
