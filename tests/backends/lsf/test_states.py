"""What LSF's states, codes and reasons mean."""

import pytest

from ganga.backends.lsf.states import Line, observation, told
from ganga.model.status import JobStatus


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PEND", JobStatus.SUBMITTED),
        ("WAIT", JobStatus.SUBMITTED),
        ("PROV", JobStatus.SUBMITTED),
        ("PSUSP", JobStatus.HELD),
        ("RUN", JobStatus.RUNNING),
        ("USUSP", JobStatus.SUSPENDED),
        ("SSUSP", JobStatus.SUSPENDED),
        ("POST_ERR", JobStatus.SUBMITTED),
        ("DONE", JobStatus.COMPLETED),
        ("EXIT", JobStatus.FAILED),
    ],
)
def test_states(state: str, status: JobStatus) -> None:
    seen = observation(Line(state, "", ""))
    assert (seen.status, seen.native_status) == (status, state)


def test_who_must_act_is_told() -> None:
    assert "`bresume`" in (observation(Line("PSUSP", "", "")).reason or "")


@pytest.mark.parametrize("state", ["UNKWN", "ZOMBI"])
def test_of_a_job_whose_machine_is_out_of_reach_nothing_is_said(state: str) -> None:
    assert told(Line(state, "", "")) is None
    assert told(Line("RUN", "", "")) == observation(Line("RUN", "", ""))


@pytest.mark.parametrize(
    ("code", "exit_code", "signal"), [("3", 3, None), ("137", None, 9), ("139", None, 11), ("255", 255, None)]
)
def test_the_programs_own_end(code: str, exit_code: int | None, signal: int | None) -> None:
    seen = observation(Line("EXIT", code, ""))
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, exit_code, signal)


def test_an_end_without_a_code_says_so() -> None:
    assert observation(Line("EXIT", "", "")).reason == "LSF says EXIT and no reason"


def test_another_success_than_0_is_one() -> None:
    assert observation(Line("DONE", "3", "")).exit_code == 3


@pytest.mark.parametrize("why", ["OWNER", "ADMIN", "FORCE_OWNER", "FORCE_ADMIN", "BUCKET_KILL"])
def test_who_was_killed(why: str) -> None:
    seen = observation(Line("EXIT", "130", f"TERM_{why}: job killed by owner"))
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.KILLED, None, None)
    assert seen.native_status == f"TERM_{why}"


@pytest.mark.parametrize(("why", "advice"), [("RUNLIMIT", "--time"), ("MEMLIMIT", "--memory"), ("LOAD", "LOAD: x")])
def test_what_lsf_has_ended_has_no_code_of_its_own(why: str, advice: str) -> None:
    seen = observation(Line("EXIT", "140", f"TERM_{why}: x"))
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, None, None)
    assert advice in (seen.reason or "")


def test_a_signal_from_elsewhere_is_told() -> None:
    seen = observation(Line("EXIT", "137", "TERM_EXTERNAL_SIGNAL: job killed by a signal external to LSF"))
    assert (seen.status, seen.signal) == (JobStatus.FAILED, 9)


def test_a_job_that_is_to_run_again_has_not_ended() -> None:
    assert observation(Line("EXIT", "130", "TERM_REQUEUE_OWNER: job killed and requeued by owner")).status is (
        JobStatus.SUBMITTED
    )
