"""What states mean, and how jobs ended."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.arc.replies import Document, entries
from ganga.backends.arc.states import ALL, ENDED, by_diagnosis, by_document, living, name_in
from ganga.model.status import JobStatus
from tests.backends.arc.element import recorded

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


def document(name: str) -> Document:
    (entry,) = entries(recorded(name))
    return entry.document


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


def test_a_failure_is_told_with_its_code_and_reason() -> None:
    seen = by_document("FAILED", document("info-failed"))
    assert seen is not None
    assert (seen.status, seen.exit_code, seen.signal, seen.place) == (JobStatus.FAILED, 3, None, "vm")
    assert seen.reason == "LRMS error: (3) Job finished with wrong exit code - 3 != 0"
    assert seen.started_at == seen.ended_at == 1795340480.0
    assert seen.peak_memory is None


def test_a_good_end_and_a_kill_are_told() -> None:
    good, killed = by_document("FINISHED", document("info-finished")), by_document("KILLED", document("info-killed"))
    assert good is not None
    assert killed is not None
    assert (good.status, good.exit_code) == (JobStatus.COMPLETED, 0)
    assert (killed.status, killed.exit_code, killed.reason) == (
        *(JobStatus.KILLED, None),
        "Job is canceled by external request",
    )


def test_what_a_listing_takes_for_failed_may_have_been_killed() -> None:
    written = by_document("FAILED", document("info-killed"))
    assert written is not None
    looked_at = by_diagnosis("FAILED", "nodename=vm\n", "Job is canceled by external request\n")
    assert [(seen.status, seen.native_status) for seen in (written, looked_at)] == [(JobStatus.KILLED, "KILLED")] * 2


def test_a_document_from_before_the_end_tells_no_end() -> None:
    assert by_document("FAILED", document("info-finished")) is None
    assert by_document("FINISHED", Document()) is None


def test_an_end_is_read_from_the_elements_own_files() -> None:
    seen = by_diagnosis("FAILED", DIAGNOSIS, "LRMS error: (3) Job finished\nwith wrong exit code\n")
    assert (seen.status, seen.exit_code, seen.place) == (JobStatus.FAILED, 3, "vm")
    assert (seen.peak_memory, seen.cpu_time) == (2000 << 10, 1.75)
    assert (seen.started_at, seen.ended_at) == (1795386711.0, 1795386715.0)
    assert seen.reason == "LRMS error: (3) Job finished with wrong exit code"


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


_TEXT = st.text(max_size=12) | st.sampled_from(["arcrest:FINISHED", "arcrest:RUNNING", "3", "2026-11-22T22:31:51Z"])


def possible(state: str) -> set[str]:
    return {state, "KILLED"} if state == "FAILED" else {state}


_FIELDS = ("State", "ExitCode", "Error", "StartTime", "EndTime", "UsedMainMemory", "UsedTotalCPUTime")
_VALUE = _TEXT | st.lists(_TEXT, max_size=3)


@given(
    st.sampled_from(sorted(ENDED)),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(_FIELDS, _VALUE),
    ),
)
def test_any_document_tells_the_end_that_it_has_or_none(state: str, fields: dict[str, str | list[str]]) -> None:
    seen = by_document(state, msgspec.convert(fields, Document))
    said = fields.get("State", "")
    words = said if isinstance(said, list) else [said]
    assert (seen is not None) == any(f"arcrest:{word}" in words for word in possible(state))
    assert seen is None or f"arcrest:{seen.native_status}" in words


def test_a_job_has_its_name_in_the_elements_notes() -> None:
    assert name_in("globalid=x\nargs=jobname=no\njobname=ganga-1=2\nlocalid=3\n") == "ganga-1=2"
    assert name_in("localid=3\n") == ""


def test_all_states_are_asked_for() -> None:
    assert set(ENDED) < set(ALL)
    assert {"QUEUING", "KILLING"} < set(ALL)
