"""Every rule about the change of a single job."""

import pytest
from msgspec.structs import replace

from ganga.core.reconcile import (
    REASON_PAUSE,
    accepted,
    describe_end,
    ended,
    nothing_new,
    reconcile,
    to_submit,
)
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.core.examples import record, seen

NOW = Utc(2000.0)
RUNNING = replace(record(status=JobStatus.RUNNING), started_at=Utc(960.0))


def told(known: JobRecord, **said: object) -> JobRecord:
    new = reconcile(known, replace(seen(), **said), NOW)
    assert new is not None
    return new


def test_what_is_known_is_no_news() -> None:
    assert nothing_new(RUNNING, seen())
    assert reconcile(RUNNING, seen(started_at=960.0), NOW) is None
    assert reconcile(RUNNING, replace(seen(), cpu_time=5.0, peak_memory=7), NOW) is None
    assert reconcile(RUNNING, replace(seen(), place="node7"), NOW) is None


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.KILLED])
def test_a_job_that_its_back_end_forgets_after_its_end_stays_as_it_ended(status: JobStatus) -> None:
    known = replace(record(status=status), restart=1)
    for restart in (0, 1):
        forgotten = replace(seen(), status=JobStatus.KILLED, native_status="Deleted", restart=restart)
        assert reconcile(known, forgotten, NOW) is None
        assert reconcile(replace(known, status=JobStatus.COMPLETING, outcome=status), forgotten, NOW) is None


def test_where_a_job_runs_is_told_with_other_news_and_kept() -> None:
    known = told(RUNNING, native_status="R/ending", place="node7")
    assert known.place == "node7"
    assert told(known, native_status="R/over").place == "node7"
    assert told(known, restart=1).place is None


def test_a_start_that_wavers_is_no_news() -> None:
    assert reconcile(RUNNING, seen(started_at=961.0), NOW) is None
    assert told(RUNNING, started_at=Utc(1500.0)).started_at == 1500.0
    assert told(replace(RUNNING, started_at=None), started_at=Utc(961.0)).started_at == 961.0


def test_a_start_without_a_time_begins_when_it_was_noticed() -> None:
    assert told(record()).started_at == NOW
    assert told(record(), started_at=Utc(1990.0)).started_at == 1990.0


def test_a_reason_that_changes_all_the_time_is_told_now_and_then() -> None:
    waiting = replace(record(), native_status="PD", reason="starts in 119 s", confirmed_at=NOW)
    soon = seen(JobStatus.SUBMITTED, "PD", reason="starts in 118 s")
    assert reconcile(waiting, soon, NOW) is None
    later = reconcile(waiting, soon, Utc(NOW + REASON_PAUSE))
    assert later is not None
    assert later.reason == "starts in 118 s"
    assert reconcile(replace(waiting, reason=None), soon, NOW) is not None
    assert reconcile(waiting, replace(soon, native_status="CF"), NOW) is not None


def test_a_reason_is_kept_while_the_status_is_and_no_longer() -> None:
    waiting = replace(record(), reason="Priority")
    assert told(waiting, status=JobStatus.SUBMITTED, native_status="CF").reason == "Priority"
    assert told(waiting).reason is None


def test_an_end_is_completing_first() -> None:
    new = told(RUNNING, status=JobStatus.FAILED, native_status="F", exit_code=3, cpu_time=5.0)
    assert (new.status, new.outcome, new.reason) == (JobStatus.COMPLETING, JobStatus.FAILED, "exit code 3")
    assert (new.exit_code, new.ended_at, new.cpu_time) == (3, NOW, 5.0)
    assert told(RUNNING, status=JobStatus.COMPLETED, ended_at=Utc(1500.0)).ended_at == 1500.0


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.KILLED, JobStatus.COMPLETING])
def test_what_has_ended_stays_as_it_ended(status: JobStatus) -> None:
    assert reconcile(record(status=status), seen(), NOW) is None
    assert reconcile(record(status=status), seen(JobStatus.FAILED), NOW) is None


def test_what_was_lost_may_be_found() -> None:
    lost = replace(ended(RUNNING, JobStatus.LOST, "denied", Utc(1900.0)), silent_since=Utc(1800.0))
    found = told(lost)
    assert (found.status, found.ended_at, found.silent_since, found.reason) == (JobStatus.RUNNING, None, None, None)
    assert told(lost, status=JobStatus.COMPLETED).ended_at == NOW


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.COMPLETING, JobStatus.FAILED])
def test_a_later_run_is_the_next_attempt(status: JobStatus) -> None:
    known = replace(record(status=status), exit_code=3, kill_requested_by="ada", submitted_at=Utc(950.0))
    new = told(known, restart=1)
    assert (new.status, new.attempt, new.wanted_attempt, new.restart) == (JobStatus.RUNNING, 2, 2, 1)
    assert (new.exit_code, new.outcome, new.native_id) == (None, None, known.native_id)
    # An attempt that is being finished may yet be run again by a system that did not heed the request.
    assert (new.kill_requested_by, new.submitted_at) == (None if status.final else "ada", 950.0)


def test_a_lost_job_that_is_run_again_is_still_to_be_killed() -> None:
    """Nobody knows whether it has ended."""
    new = told(replace(record(status=JobStatus.LOST), kill_requested_by="ada"), restart=1)
    assert new.kill_requested_by == "ada"


def test_a_later_run_that_has_ended_already_is_told_whole() -> None:
    new = told(RUNNING, restart=2, status=JobStatus.COMPLETED, native_status="CD")
    assert (new.status, new.outcome, new.attempt) == (JobStatus.COMPLETING, JobStatus.COMPLETED, 2)


def test_an_earlier_run_is_no_evidence() -> None:
    assert reconcile(replace(RUNNING, restart=1), seen(JobStatus.FAILED), NOW) is None


@pytest.mark.parametrize("status", [JobStatus.NEW, JobStatus.SUBMITTING, JobStatus.COMPLETING, JobStatus.LOST])
def test_what_no_back_end_can_know_is_no_evidence(status: JobStatus) -> None:
    assert reconcile(RUNNING, seen(status), NOW) is None
    assert reconcile(RUNNING, seen(status, restart=1), NOW) is None


def test_heard_again_is_news() -> None:
    assert told(replace(RUNNING, silent_since=Utc(1.0))).silent_since is None


@pytest.mark.parametrize(
    ("status", "signal", "outcome", "reason"),
    [
        (JobStatus.KILLED, None, JobStatus.KILLED, "killed as ada asked"),
        (JobStatus.FAILED, 15, JobStatus.KILLED, "killed as ada asked"),
        (JobStatus.FAILED, None, JobStatus.FAILED, "exit code 3"),
        (JobStatus.COMPLETED, None, JobStatus.COMPLETED, "exit code 3"),
    ],
)
def test_who_asked_for_the_end_is_told(status: JobStatus, signal: int | None, outcome: JobStatus, reason: str) -> None:
    new = told(replace(RUNNING, kill_requested_by="ada"), status=status, signal=signal, exit_code=3)
    assert (new.outcome, new.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("exit_code", "signal", "text"),
    [
        (0, None, None),
        (None, None, None),
        (3, None, "exit code 3"),
        (137, 9, "ended by signal 9 (SIGKILL)"),
        (0, 99, "ended by signal 99"),
    ],
)
def test_an_end_is_described(exit_code: int | None, signal: int | None, text: str | None) -> None:
    assert describe_end(exit_code, signal) == text


def test_an_attempt_of_our_own_begins_with_nothing_of_the_last() -> None:
    failed = replace(record(status=JobStatus.FAILED), exit_code=3, wanted_attempt=2)
    again = to_submit(failed)
    assert (again.status, again.attempt, again.wanted_attempt) == (JobStatus.SUBMITTING, 2, 2)
    assert (again.native_id, again.exit_code, again.submitted_at) == (None, None, None)
    there = accepted(again, NativeId("n7"), NOW)
    assert (there.status, there.native_id, there.submitted_at, there.confirmed_at) == (
        JobStatus.SUBMITTED,
        "n7",
        NOW,
        NOW,
    )
