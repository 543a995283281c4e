"""Every word of DIRAC, and words that nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.backends.dirac.road import JobState
from ganga.backends.dirac.states import STATUSES, is_bare, observation, status_of
from ganga.core.reconcile import reconcile
from ganga.model.clock import Utc
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus

#: As DIRAC 9.1 lists them, with what they are for us.
WORDS = {
    "submitted": "Submitting Received Checking Scouting Staging Waiting Matched Rescheduled",
    "running": "Running Stalled Completing Completed",
    "completed": "Done",
    "failed": "Failed",
    "killed": "Killed Deleted",
}


def test_every_word_is_known_and_no_other() -> None:
    words = {word: JobStatus(ours) for ours, theirs in WORDS.items() for word in theirs.split()}
    assert dict(STATUSES) == words


@given(st.text().filter(lambda word: word not in STATUSES), st.booleans(), st.text(), st.text())
def test_an_unknown_word_is_no_end(word: str, started: bool, minor: str, application: str) -> None:
    state = JobState(
        id=1,
        status=word,
        minor_status=minor,
        application_status=application,
        started_at=Utc(1.0) if started else None,
        ended_at=Utc(2.0),
    )
    seen = observation(state)
    assert not seen.status.final
    assert seen.ended_at is None
    assert seen.exit_code is None
    assert status_of(state) is (JobStatus.RUNNING if started else JobStatus.SUBMITTED)
    assert seen.native_status.startswith(word)


@pytest.mark.parametrize(
    ("minor", "word"),
    [("Job Initialization", "Running/Job Initialization"), ("Unknown", "Running"), ("", "Running")],
)
def test_the_minor_status_is_part_of_the_native_one(minor: str, word: str) -> None:
    assert observation(JobState(id=1, status="Running", minor_status=minor)).native_status == word


def test_a_job_that_waits_to_run_again_has_not_started() -> None:
    waiting = JobState(id=1, status="Waiting", started_at=Utc(5.0), reschedules=1)
    assert observation(waiting).started_at is None
    assert observation(JobState(id=1, status="Running", started_at=Utc(5.0))).started_at == 5.0


@pytest.mark.parametrize(
    ("site", "place"),
    [("LCG.CERN.ch", "LCG.CERN.ch"), ("ANY", None), ("Multiple", None), ("Unknown", None), ("", None)],
)
def test_the_site_is_where_a_job_runs(site: str, place: str | None) -> None:
    assert observation(JobState(id=1, status="Running", site=site)).place == place


@pytest.mark.parametrize(
    ("application", "code"),
    [
        ("'sh' Exited With Status 3", 3),
        ("DaVinci (v45r1) Exited With Status 134", 134),
        ("Failed (exit code 134)", 134),
        ("Unknown", None),
        ("Status 3 of 4", None),
    ],
)
def test_an_exit_code_is_read_where_the_application_tells_it(application: str, code: int | None) -> None:
    state = JobState(id=1, status="Failed", application_status=application)
    assert observation(state).exit_code == code


def test_an_end_by_a_signal_is_told_as_such() -> None:
    seen = observation(JobState(id=1, status="Failed", application_status="DaVinci Exited With Status -11"))
    assert (seen.exit_code, seen.signal) == (None, 11)


def test_no_exit_code_is_told_of_a_job_that_has_not_ended() -> None:
    state = JobState(id=1, status="Completing", application_status="'sh' Exited With Status 3")
    assert observation(state).exit_code is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (
            JobState(id=1, status="Failed", minor_status="Job stalled: pilot not running"),
            "Job stalled: pilot not running",
        ),
        (
            JobState(
                id=1,
                status="Failed",
                minor_status="Application Finished With Errors",
                application_status="'sh' Exited With Status 3",
            ),
            "Application Finished With Errors: 'sh' Exited With Status 3",
        ),
        (JobState(id=1, status="Failed"), "DIRAC says Failed and no reason"),
        (JobState(id=1, status="Running", application_status="event 100"), "event 100"),
        (JobState(id=1, status="Running", application_status="Unknown"), None),
        (JobState(id=1, status="Deleted", minor_status="Checking accounting"), "deleted in DIRAC"),
    ],
)
def test_the_reason_is_in_the_words_of_dirac(state: JobState, reason: str | None) -> None:
    assert observation(state).reason == reason


def test_a_stalled_job_may_still_run() -> None:
    seen = observation(JobState(id=1, status="Stalled"))
    assert seen.status is JobStatus.RUNNING
    assert seen.reason is not None


def test_a_job_that_was_rescheduled_is_the_next_attempt() -> None:
    seen = observation(JobState(id=1, status="Received", minor_status="Job Rescheduled", reschedules=2))
    assert (seen.status, seen.restart) == (JobStatus.SUBMITTED, 2)


@pytest.mark.parametrize("word", ["Done", "Failed", "Killed"])
def test_a_reschedule_that_was_counted_and_not_done_is_no_attempt(word: str) -> None:
    assert observation(JobState(id=1, status=word, minor_status="Job Rescheduled", reschedules=2)).restart == 1
    assert observation(JobState(id=1, status=word, minor_status="Execution Complete", reschedules=2)).restart == 2


@pytest.mark.parametrize(("restart", "reschedules"), [(0, 1), (1, 2)])
def test_what_diracx_counts_and_does_not_run_is_neither_an_attempt_nor_the_end_of_one(
    restart: int, reschedules: int
) -> None:
    """DiracX 0.7 answers the reschedule of a job that has ended with a larger counter and the old end: no pilot will
    match the job. An attempt that "ended at once" would have an output that is the last attempt's, and an end that
    nobody reached. So the counter is believed only as far as something ran. That the run before did end remains told,
    also where the reschedule came before anybody had looked.
    """
    counted = JobState(id=1, status="Done", minor_status="Job Rescheduled", reschedules=reschedules)
    known = JobRecord(
        id=JobId("1"),
        name="fit",
        target=TargetName("dirac"),
        status=JobStatus.COMPLETED,
        created_at=Utc(1.0),
        attempt=restart + 1,
        native_id=NativeId("1"),
        restart=restart,
    )
    assert reconcile(known, observation(counted), Utc(9.0)) is None
    running = replace(known, status=JobStatus.RUNNING)
    told = reconcile(running, observation(counted), Utc(9.0))
    assert told is not None
    assert (told.outcome, told.attempt) == (JobStatus.COMPLETED, restart + 1)
    # DIRAC's services do run it again, in the same database: that is the next attempt.
    received = JobState(id=1, status="Received", minor_status="Job Rescheduled", reschedules=reschedules)
    again = reconcile(known, observation(received), Utc(9.0))
    assert again is not None
    assert (again.status, again.attempt) == (JobStatus.SUBMITTED, restart + 2)


@pytest.mark.parametrize(
    ("status", "minor", "application", "bare"),
    [
        ("Failed", "Application Finished With Errors", "'sh' Exited With Status 3", False),
        ("Failed", "Application Finished With Errors", "Unknown", True),
        ("Failed", "Job stalled: pilot not running", "", True),
        ("Done", "Execution Complete", "", False),
        ("Done", "Requests done", "", False),
        ("Done", "Uploading Output Sandbox", "", True),
        ("Killed", "Marked for termination", "", False),
        ("Killed", "Application", "", True),
        ("Deleted", "Checking accounting", "", False),
        ("Running", "Application", "", False),
        ("Completing", "Application Finished With Errors", "", False),
        ("Meditating", "", "", False),
    ],
)
def test_an_end_without_the_words_of_one_is_bare(status: str, minor: str, application: str, bare: bool) -> None:
    assert is_bare(JobState(id=1, status=status, minor_status=minor, application_status=application)) is bare
