"""Where a job belongs follows from its record."""

from random import Random

import pytest
from msgspec.structs import replace

from ganga.core.news import Draft
from ganga.core.orders import JobAttempt
from ganga.core.reconcile import to_submit
from ganga.core.roster import Roster
from ganga.model.ids import JobId, NativeId
from ganga.model.status import JobStatus
from tests.core.examples import POLICY, TARGET, moment, parent, record

S = JobStatus
N1 = NativeId("n1")


@pytest.fixture
def roster() -> Roster:
    return Roster(POLICY, Random(0))


def places(roster: Roster) -> tuple[int, int, int, int]:
    return len(roster.submit), len(roster.sweeper), len(roster.kill), len(roster.finish)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (S.NEW, (0, 0, 0, 0)),
        (S.SUBMITTING, (1, 0, 0, 0)),
        (S.RUNNING, (0, 1, 0, 0)),
        (S.COMPLETING, (0, 0, 0, 1)),
        (S.LOST, (0, 0, 0, 0)),
        (S.COMPLETED, (0, 0, 0, 0)),
    ],
)
def test_each_status_has_its_place(roster: Roster, status: JobStatus, expected: tuple[int, ...]) -> None:
    roster.put(record(status=S.RUNNING))
    roster.replace(record(status=S.RUNNING), record(status=status), Draft(TARGET, moment(0)))
    assert places(roster) == expected
    assert len(roster) == (status is not S.COMPLETED)


def test_a_job_to_be_killed_is_killed_while_it_lives(roster: Roster) -> None:
    doomed = replace(record(status=S.RUNNING), kill_requested_by="ada")
    roster.put(doomed)
    assert (places(roster), list(roster.to_kill([N1]))) == ((0, 1, 1, 0), [N1])
    roster.put(replace(doomed, status=S.COMPLETING))
    assert (places(roster), list(roster.to_kill([N1, NativeId("n2")]))) == ((0, 0, 0, 1), [])


def test_another_attempt_leaves_nothing_of_the_last(roster: Roster) -> None:
    completing = record(status=S.COMPLETING)
    roster.put(completing)
    again = to_submit(completing)
    roster.replace(completing, again, Draft(TARGET, moment(0)))
    assert (places(roster), roster.named(N1)) == ((1, 0, 0, 0), None)
    assert roster.completing(JobAttempt(JobId("1"), 1)) is None


def test_what_is_looked_for_is_not_submitted(roster: Roster) -> None:
    roster.find.add(JobId("1"))
    roster.put(record(status=S.SUBMITTING))
    assert len(roster.submit) == 0
    assert [known.id for known in roster.submitting([JobId("1"), JobId("2")])] == ["1"]


def test_a_guest_leaves_after_it_was_asked_about(roster: Roster) -> None:
    roster.dismiss([N1])
    roster.invite(record(status=S.COMPLETED))
    assert roster.named(N1) is not None
    roster.dismiss([NativeId("n2")])
    assert roster.named(N1) is not None
    roster.dismiss([N1])
    assert len(roster) == 0


def test_a_guest_that_came_to_life_stays(roster: Roster) -> None:
    roster.invite(record(status=S.COMPLETED))
    roster.put(record(status=S.RUNNING))
    roster.dismiss([N1])
    assert places(roster) == (0, 1, 0, 0)


def test_an_old_record_is_told_from_a_fresh_one(roster: Roster) -> None:
    roster.put(record(status=S.COMPLETED))
    assert roster.over(record(status=S.RUNNING))
    assert not roster.over(record(status=S.COMPLETED))
    assert not roster.over(replace(record(status=S.RUNNING), attempt=2))
    assert not roster.over(record("2"))


def test_memory_is_bounded(roster: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Roster, "MEMORY", 2)
    monkeypatch.setattr(Roster, "FAMILIES", 2)
    for number in range(1, 5):
        roster.put(record(str(number), S.COMPLETED))
        roster.families.add(JobId(f"10{number}"), {S.COMPLETED: 2})
        roster.put(parent(f"10{number}", S.COMPLETED))
    assert [roster.over(record(str(number))) for number in range(1, 5)] == [False, False, True, True]
    assert len(roster) == 2


def test_a_family_is_finished_when_its_end_is_to_be_seen_to(roster: Roster) -> None:
    merging = replace(parent(status=S.COMPLETING), outcome=S.COMPLETED)
    roster.put(merging)
    assert roster.completing(JobAttempt(JobId("1"), 1)) == merging
    roster.put(replace(merging, outcome=None))
    assert (len(roster.finish), roster.completing(JobAttempt(JobId("1"), 1))) == (0, None)
    roster.forget(JobId("1"))
    roster.forget(JobId("1"))
    assert roster.get(JobId("1")) is None


def test_live_jobs_are_admitted_all_at_once_and_the_others_are_given_back(roster: Roster) -> None:
    known, stranger, new = record(status=S.RUNNING), record("2", status=S.HELD), record("3", status=S.NEW)
    to_die = replace(record("4", status=S.RUNNING), kill_requested_by="ada")
    roster.put(known)
    assert roster.admit([known, stranger, new, to_die]) == [known, new, to_die]
    assert [roster.get(job.id) for job in (known, stranger, new, to_die)] == [known, stranger, None, None]
    assert roster.named(NativeId("n2")) == stranger
    assert places(roster) == (0, 2, 0, 0)
