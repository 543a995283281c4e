"""What `condor_q` and `condor_history` have of jobs. The times of starts and submissions are as documented; all else is
in the form that was recorded.
"""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Chronicling
from ganga.backends.htcondor import runs
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.words import HTCondor
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from tests.backends.htcondor.recorded import recorded, said, told

JOB = NativeId("1.0")
SCHEDD = "schedd"


def steps(**attributes: object) -> list[Step]:
    return list(runs.read(told(**attributes)).get(JOB, ()))


def test_a_job_that_was_run_again() -> None:
    found = steps(
        QDate=100,
        JobStartDate=110,
        JobCurrentStartDate=150,
        CompletionDate=190,
        EnteredCurrentStatus=191,
        JobStatus=4,
        ExitBySignal=False,
        ExitCode=5,
        NumJobStarts=3,
        LastRemoteHost="slot1@vm",
    )
    last = "NumJobStarts 3"
    assert found == [
        Step(status="IDLE", at=Utc(100), source=SCHEDD),
        Step(status="RUNNING", at=Utc(110), source=SCHEDD),
        Step(status="RUNNING", minor_status="slot1@vm", application_status=last, at=Utc(150), source=SCHEDD),
        Step(status="COMPLETED", application_status="ExitCode 5", at=Utc(190), source=SCHEDD),
    ]


def test_a_single_run_is_one() -> None:
    dates = {"QDate": 100, "JobStartDate": 110, "JobCurrentStartDate": 110, "EnteredCurrentStatus": 110}
    found = steps(**dates, JobStatus=2, NumJobStarts=1, RemoteHost="slot1@vm")
    assert [(step.status, step.minor_status, step.at) for step in found] == [
        ("IDLE", "", Utc(100)),
        ("RUNNING", "slot1@vm", Utc(110)),
    ]


def test_that_a_job_was_let_go_after_its_end_is_no_step_of_it() -> None:
    end = {"CompletionDate": 190, "EnteredCurrentStatus": 500, "ExitBySignal": False, "ExitCode": 5}
    assert steps(**end, JobStatus=3, RemoveReason="via condor_rm (by user me)") == [
        Step(status="COMPLETED", application_status="ExitCode 5", at=Utc(190), source=SCHEDD)
    ]


def test_what_was_recorded_tells_ends() -> None:
    found = runs.read(said(recorded("condor_history.json")))
    assert {native_id: (own[-1].status, own[-1].application_status) for native_id, own in found.items()} == {
        "1.0": ("COMPLETED", "ExitCode 0"),
        "1.1": ("COMPLETED", "ExitCode 1"),
        "1.2": ("COMPLETED", "ExitCode 2"),
        "1.4": ("REMOVED", ""),
        "1.6": ("COMPLETED", "ExitCode 6"),
    }
    assert found[NativeId("1.4")][-1].minor_status == "via condor_rm (by user batch)"


def test_a_job_that_is_held_or_was_ended_by_a_signal_says_so() -> None:
    held = steps(JobStatus=5, HoldReason="too much", EnteredCurrentStatus=7, CompletionDate=5, ExitCode=4)
    assert held == [Step(status="HELD", minor_status="too much", at=Utc(7), source=SCHEDD)]
    (end,) = steps(JobStatus=4, ExitBySignal=True, ExitSignal=9, CompletionDate=8)
    assert end.application_status == "ExitSignal 9"


def test_a_job_without_times_has_no_steps() -> None:
    assert steps(JobStatus=1, EnteredCurrentStatus=7) == []
    assert steps(JobStatus=4, QDate="/Expr(x)/", CompletionDate=8) == []


def test_the_queue_is_asked_and_then_the_history() -> None:
    dialect = HTCondor(Settings(), PurePosixPath("/events"))
    assert isinstance(dialect, Chronicling)
    queue, history = dialect.chronicle_of([JOB])
    assert queue.argv[3:5] == ("condor_q", "1.0")
    assert history.argv[:2] == ("condor_history", "1.0")
    for command in (queue, history):
        assert {"QDate", "JobStartDate", "JobStatus"} < set(command.argv[-1].split(","))
    assert dialect.read_chronicle(said(recorded("condor_q-totals-of-none.json"))) == {}
    assert dialect.read_chronicle(said(recorded("condor_history-none.json"))) == {}


def test_a_schedd_that_is_away_is_an_outage() -> None:
    with pytest.raises(BackendUnavailable):
        runs.read(said("", exit_code=1, error="Error: Can't find address for schedd test@\n"))
    with pytest.raises(BackendProtocolError):
        runs.read(said(""))


@given(st.text())
def test_any_text_is_an_error_or_tells_no_end(text: str) -> None:
    try:
        found = runs.read(said(f"[\n{text}\n]\n"))
    except BackendError:
        return
    assert not found or '"JobStatus"' in text
