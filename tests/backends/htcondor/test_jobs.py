"""What `condor_q` and `condor_history` say, as it was recorded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.htcondor.jobs import ATTRIBUTES, read_history, read_queue
from ganga.backends.htcondor.states import OVER_TIME
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.htcondor.recorded import recorded, said, told


def one(**attributes: object) -> Observation:
    (entry,) = read_queue(told(**attributes)).values()
    return said_of(entry)


def test_the_queue_tells_what_lives() -> None:
    listing = read_queue(said(recorded("condor_q.json")))
    held, running = listing[NativeId("1.3")], listing[NativeId("1.5")]
    assert (said_of(held).status, said_of(held).exit_code, held.owner) == (JobStatus.HELD, None, "batch")
    assert said_of(held).reason == (
        "JobPolicy; The job attribute OnExitHold expression '(ExitCode =!= 0)' evaluated to TRUE"
    )
    assert (said_of(running).status, said_of(running).native_status) == (JobStatus.RUNNING, "RUNNING")


def test_the_queue_tells_what_was_done_to_jobs() -> None:
    listing = read_queue(said(recorded("condor_q-suspended-held-vacated.json")))
    statuses = [said_of(listing[NativeId(f"1.{proc}")]).status for proc in range(4)]
    assert statuses[0] is JobStatus.SUSPENDED
    assert statuses[1] is JobStatus.HELD
    assert statuses[3] is JobStatus.RUNNING
    assert listing[NativeId("1.1")].name == "rec"
    assert "condor_release" in str(said_of(listing[NativeId("1.1")]).reason)


def test_the_history_tells_ends() -> None:
    listing = read_history(said(recorded("condor_history.json")))
    told = {native_id: said_of(entry) for native_id, entry in listing.items()}
    ends = {native_id: (seen.status, seen.exit_code, seen.restart) for native_id, seen in told.items()}
    assert ends == {
        "1.0": (JobStatus.COMPLETED, 0, 0),
        "1.1": (JobStatus.FAILED, 1, 0),
        "1.2": (JobStatus.FAILED, 2, 0),
        "1.4": (JobStatus.KILLED, None, 0),
        "1.6": (JobStatus.FAILED, 6, 1),
    }
    killed = said_of(listing[NativeId("1.4")])
    assert (killed.signal, killed.reason) == (None, "via condor_rm (by user batch)")


def test_the_queue_keeps_spooled_jobs_that_have_ended_and_tells_which_are_arriving() -> None:
    listing = read_queue(said(recorded("condor_q-spooled.json")))
    told = {native_id: (said_of(entry).status, entry.arriving) for native_id, entry in listing.items()}
    assert told == {
        "5.0": (JobStatus.COMPLETED, False),
        "5.1": (JobStatus.HELD, False),
        "6.0": (JobStatus.COMPLETED, False),
        "7.0": (JobStatus.SUBMITTED, True),
        "7.1": (JobStatus.SUBMITTED, True),
    }


def test_the_history_tells_how_spooled_jobs_ended_that_were_let_go_and_which_never_arrived() -> None:
    listing = read_history(said(recorded("condor_history-spooled.json")))
    ended, seen = said_of(listing[NativeId("1.0")]), said_of(listing[NativeId("2.0")])
    assert (ended.status, ended.exit_code, ended.reason, ended.ended_at) == (
        JobStatus.COMPLETED,
        0,
        None,
        Utc(1795401936),
    )
    assert (seen.status, seen.reason) == (JobStatus.KILLED, "Staging of job files failed")


def test_a_job_that_was_removed_between_its_runs_was_killed_whatever_its_last_exit_code_is() -> None:
    """Run again and again, and held after its run."""
    listing = read_history(said(recorded("condor_history-removed-after-runs.json")))
    told = {native_id: said_of(entry) for native_id, entry in listing.items()}
    assert {(seen.status, seen.exit_code) for seen in told.values()} == {(JobStatus.KILLED, None)}
    assert {native_id: seen.restart for native_id, seen in told.items()} == {"1.0": 3, "1.1": 0}


def test_a_job_whose_files_do_not_come_is_held_after_a_while() -> None:
    arriving = {"JobStatus": 5, "HoldReasonCode": 16, "HoldReason": "Spooling input data files"}
    assert one(**arriving, EnteredCurrentStatus=1000, ServerTime=1600).status is JobStatus.SUBMITTED
    seen = one(**arriving, EnteredCurrentStatus=1000, ServerTime=1601)
    assert seen.status is JobStatus.HELD
    assert "submit it again" in (seen.reason or "")


@given(st.dictionaries(st.sampled_from(ATTRIBUTES.split(",")), st.none() | st.integers() | st.text() | st.booleans()))
def test_whatever_the_attributes_are_the_status_decides(attributes: dict[str, object]) -> None:
    """Only one that was removed may have completed before."""
    seen = one(**{**attributes, "ClusterId": 1, "ProcId": 0, "JobStatus": 3})
    assert seen.exit_code is None or attributes["CompletionDate"]
    assert not one(**{**attributes, "ClusterId": 1, "ProcId": 0, "JobStatus": 2}).status.final


def test_nothing_is_no_list_and_the_totals_of_none_are() -> None:
    with pytest.raises(BackendProtocolError):
        read_queue(said(""))
    assert read_queue(said(recorded("condor_q-totals-of-none.json"))) == {}
    assert read_history(said(recorded("condor_history-none.json"))) == {}


def test_totals_of_some_are_no_list() -> None:
    text = recorded("condor_q-totals-of-none.json").replace('"Jobs": 0', '"Jobs": 1')
    with pytest.raises(BackendProtocolError):
        read_queue(said(text))


@pytest.mark.parametrize("cut", [0, 3, 40, 200, -3])
def test_half_a_reply_is_none(cut: int) -> None:
    with pytest.raises(BackendProtocolError):
        read_queue(said(recorded("condor_q.json")[:cut]))


def test_a_banner_does_no_harm() -> None:
    assert len(read_queue(said(f"Welcome [today]!\n{recorded('condor_q.json')}"))) == 2


def test_a_schedd_that_is_away_is_an_outage() -> None:
    error = "\nError: Can't find address for schedd test@\n"
    with pytest.raises(BackendUnavailable, match="Can't find address"):
        read_queue(said("", exit_code=1, error=error))


def test_a_signal_ends_and_is_told() -> None:
    seen = one(JobStatus=4, ExitBySignal=True, ExitSignal=9, CompletionDate=1795387100)
    assert (seen.status, seen.exit_code, seen.signal, seen.ended_at) == (JobStatus.FAILED, None, 9, Utc(1795387100))


@pytest.mark.parametrize("status", [1, 2, 5, 6, 7, 99])
def test_an_exit_code_is_no_end(status: int) -> None:
    seen = one(JobStatus=status, ExitCode=0, ExitBySignal=False, CompletionDate=1795387100)
    assert not seen.status.final
    assert (seen.exit_code, seen.ended_at) == (None, None)


def test_a_job_that_is_removed_lives_until_its_machine_has_left_it() -> None:
    assert one(JobStatus=3, RemoteHost="slot1@vm").status is JobStatus.RUNNING
    assert one(JobStatus=3, LastRemoteHost="slot1@vm").status is JobStatus.KILLED


def test_the_time_limit_is_a_failure() -> None:
    reason = (
        "The job attribute PeriodicRemove expression 'JobStatus =?= 2 && time() - JobCurrentStartExecutingDate > 2'"
    )
    seen = one(JobStatus=3, RemoveReason=f"{reason} evaluated to TRUE")
    assert (seen.status, seen.reason) == (JobStatus.FAILED, OVER_TIME)


def test_files_on_their_way_hold_nobody() -> None:
    assert one(JobStatus=5, HoldReasonCode=16).status is JobStatus.SUBMITTED
    assert one(JobStatus=5, HoldReasonCode=34, HoldReason="x").reason == (
        "JobOutOfResources; x; it used more than it asked for; kill it, and ask for more with --memory"
    )
    exceeded = "Error from slot1_1@vm: memory usage exceeded request_memory"
    assert one(JobStatus=5, HoldReasonCode=21, HoldReason=exceeded).reason == (
        f"StartdHeldJob; {exceeded}; it used more than it asked for; kill it, and ask for more with --memory"
    )
    assert one(JobStatus=5).reason == "HTCondor does not say why"


def test_strange_attributes_of_one_job_do_no_harm_to_others() -> None:
    assert one(JobStatus=4, ExitCode="/Expr(x)/", Owner=7).status is JobStatus.FAILED
    assert one(JobStatus=2, ResidentSetSize="/Expr(x)/").status is JobStatus.RUNNING


def test_what_it_has_used_is_told() -> None:
    seen = one(JobStatus=4, ExitCode=0, ResidentSetSize=2048, RemoteUserCpu=1.5, RemoteSysCpu=0.25)
    assert (seen.peak_memory, seen.cpu_time) == (2048 * 1024, 1.75)
    assert one(JobStatus=4, ExitCode=0, RemoteUserCpu=0.0, RemoteSysCpu=0.0).cpu_time is None


@given(st.text(), st.sampled_from([0, 1]))
def test_any_text_is_an_error_or_tells_no_end(text: str, exit_code: int) -> None:
    for read in (read_queue, read_history):
        try:
            listing = read(said(f"[\n{text}\n]\n", exit_code=exit_code))
        except BackendError:
            continue
        assert exit_code == 0
        assert not any(said_of(entry).status.final and '"JobStatus"' not in text for entry in listing.values())
