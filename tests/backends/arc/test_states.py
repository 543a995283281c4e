"""What states mean, and how jobs ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.arc.states import ALL, ENDED, by_diagnosis, living, name_in
from ganga.model.status import JobStatus
from tests.backends.arc.element import noted

DIAGNOSIS = """\
runtimeenvironments=
nodename=vm
Processors=1
Command exited with non-zero status 3
WallTime=4.05s
KernelTime=0.25s
UserTime=1.50s
MaxResidentMemory=2000kB
AverageTotalMemory=0kB
LRMSStartTime=20261122223151Z
LRMSEndTime=20261122223155Z
walltime=4
exitcode=3
"""


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ACCEPTING", JobStatus.SUBMITTED),
        ("PREPARED", JobStatus.SUBMITTED),
        ("QUEUING", JobStatus.SUBMITTED),
        ("HELD", JobStatus.HELD),
        ("RUNNING", JobStatus.RUNNING),
        ("EXECUTED", JobStatus.RUNNING),
        ("FINISHING", JobStatus.RUNNING),
    ],
)
def test_a_job_that_lives_is_told(state: str, status: JobStatus) -> None:
    seen = living(state)
    assert seen is not None
    assert (seen.status, seen.native_status) == (status, state)


@pytest.mark.parametrize("state", ["KILLING", "OTHER", "None", "WIPED", "", "SOMETHING NEW", *ENDED])
def test_of_other_states_nothing_is_told(state: str) -> None:
    assert living(state) is None


def test_what_a_listing_takes_for_failed_may_have_been_killed() -> None:
    seen = by_diagnosis("FAILED", "nodename=vm\n", "Job is canceled by external request\n")
    assert (seen.status, seen.native_status, seen.exit_code) == (JobStatus.KILLED, "KILLED", None)


def test_an_end_is_read_from_the_elements_own_files() -> None:
    seen = by_diagnosis("FAILED", DIAGNOSIS, "LRMS error: (3) Job finished\nwith wrong exit code\n")
    assert (seen.status, seen.exit_code, seen.place) == (JobStatus.FAILED, 3, "vm")
    assert (seen.peak_memory, seen.cpu_time) == (2000 << 10, 1.75)
    assert (seen.started_at, seen.ended_at) == (1795386711.0, 1795386715.0)
    assert seen.reason == "LRMS error: (3) Job finished with wrong exit code"


def test_arc_7_tells_of_an_end_in_the_same_words() -> None:
    failed = by_diagnosis("FAILED", noted("diag-failed").decode(), noted("why-failed").decode())
    assert (failed.status, failed.exit_code, failed.place) == (JobStatus.FAILED, 42, "vm")
    assert (failed.peak_memory, failed.cpu_time) == (1752 << 10, 0.0)
    assert failed.reason == "LRMS error: (42) Job finished with wrong exit code - 42 != 0"
    assert failed.started_at is not None
    killed = by_diagnosis("FAILED", noted("diag-killed").decode(), noted("why-killed").decode())
    assert (killed.status, killed.exit_code) == (JobStatus.KILLED, None)


def test_an_end_without_any_details_is_an_end() -> None:
    seen = by_diagnosis("FAILED", "", "")
    assert (seen.status, seen.exit_code, seen.signal, seen.reason, seen.started_at) == (JobStatus.FAILED, *[None] * 4)


@pytest.mark.parametrize(
    ("code", "told"),
    [("137", (None, 9)), ("139", (None, 11)), ("265", (265, None)), ("0", (None, None)), ("-1", (None, None))],
)
def test_a_code_may_mean_a_signal_and_never_a_good_end(code: str, told: tuple[int | None, int | None]) -> None:
    seen = by_diagnosis("FAILED", f"exitcode={code}\n", "")
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, *told)


def test_an_end_does_not_lie_before_the_beginning() -> None:
    seen = by_diagnosis("FINISHED", "LRMSStartTime=20261122223155Z\nLRMSEndTime=20261122223151Z\n", "")
    assert seen.ended_at == seen.started_at


@given(st.sampled_from(sorted(ENDED)), st.text(), st.text())
def test_any_text_about_an_end_is_that_end(state: str, report: str, failure: str) -> None:
    assert by_diagnosis(state, report, failure).status is ENDED[state]


def test_a_job_has_its_name_in_the_elements_notes() -> None:
    assert name_in("globalid=x\nargs=jobname=no\njobname=ganga-1=2\nlocalid=3\n") == "ganga-1=2"
    assert name_in("localid=3\n") == ""


def test_all_states_are_asked_for() -> None:
    assert set(ENDED) < set(ALL)
    assert {"QUEUING", "KILLING"} < set(ALL)
