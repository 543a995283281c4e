"""All that `sacct` has of jobs, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm import runs
from ganga.backends.slurm.table import SEPARATOR
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from tests.backends.slurm.recorded import recorded, said

JOB = NativeId("7")


def reply(*lines: str) -> str:
    return "\n".join([SEPARATOR.join(runs.TITLES), *lines, ""])


def row(state: str, *, submit: str = "100", start: str = "110", end: str = "200", reason: str = "None") -> str:
    return SEPARATOR.join(("7", state, "3:0", submit, start, end, reason, "node1"))


def words(text: str) -> list[tuple[str, float]]:
    return [(step.status, step.at) for step in (runs.read(said(text)) or {}).get(JOB, [])]


def test_a_job_that_was_run_again_has_the_steps_of_both_runs() -> None:
    steps = (runs.read(said(recorded("22.05", "sacct-runs"))) or {})[NativeId("3")]
    told = [(step.status, step.minor_status) for step in steps]
    assert told == [
        ("PENDING", ""),
        ("RUNNING", "vm"),
        ("REQUEUED", ""),
        ("PENDING", ""),
        ("RUNNING", "vm"),
        ("CANCELLED by 0", "BeginTime"),
    ]
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert {step.source for step in steps} == {"slurmdbd"}


@pytest.mark.parametrize(("version", "job"), [("23.11", "20"), ("24.11", "10"), ("25.11", "20")])
def test_runs_of_a_job_that_was_cancelled_in_its_second_one(version: str, job: str) -> None:
    told = runs.read(said(recorded(version, "sacct-runs"))) or {}
    words = [(step.status, step.minor_status) for step in told[NativeId(job)]]
    assert words == [
        ("PENDING", ""),
        ("RUNNING", "vm"),
        ("REQUEUED", ""),
        ("PENDING", ""),
        ("RUNNING", "vm"),
        ("CANCELLED by 0", "BeginTime"),
    ]


def test_a_job_of_several_parts_has_the_runs_of_its_first_part() -> None:
    told = runs.read(said(recorded("24.11", "sacct-runs"))) or {}
    assert [step.status for step in told[NativeId("11")]] == ["PENDING"]
    assert NativeId("12") not in told


def test_an_end_has_its_code() -> None:
    *_, end = (runs.read(said(recorded("22.05", "sacct-runs"))) or {})[NativeId("1")]
    assert end == Step(status="FAILED", application_status="3:0", at=Utc(1795387773), source="slurmdbd")


def test_what_has_not_happened_is_no_step() -> None:
    assert words(reply(row("PENDING", start="Unknown", end="Unknown"))) == [("PENDING", 100)]
    assert words(reply(row("RUNNING", end="Unknown"))) == [("PENDING", 100), ("RUNNING", 110)]
    assert words(reply(row("CANCELLED by 5", start="None"))) == [("PENDING", 100), ("CANCELLED by 5", 200)]


def test_a_state_that_is_no_end_is_none_whatever_its_time() -> None:
    assert words(reply(row("RUNNING"), row("NOVEL"))) == [("PENDING", 100), ("RUNNING", 110)]


def test_a_system_that_keeps_no_history_is_told_from_one_that_cannot_be_asked() -> None:
    assert runs.read(said("", exit_code=1, error="Slurm accounting storage is disabled")) is None
    with pytest.raises(BackendUnavailable):
        runs.read(said("", exit_code=1, error="Connection refused"))


@given(st.text() | st.lists(st.text(), max_size=8).map(SEPARATOR.join).map(reply))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = runs.read(said(text)) or {}
    except BackendError:
        return
    assert all(steps for steps in found.values())
