"""What the codes mean, as the documentation of Torque 6 and replies that others have published have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.torque.endings import outcome
from ganga.model.status import JobStatus

FAILED, KILLED = JobStatus.FAILED, JobStatus.KILLED


@pytest.mark.parametrize(
    ("code", "end"),
    [
        (0, (JobStatus.COMPLETED, 0, None)),
        (3, (FAILED, 3, None)),
        (137, (FAILED, None, 9)),
        (267, (FAILED, None, 11)),
        (265, (KILLED, None, 9)),
        (271, (KILLED, None, 15)),
        (9999, (FAILED, 9999, None)),
    ],
)
def test_a_code_a_signal_and_a_deletion(code: int, end: tuple[JobStatus, int | None, int | None]) -> None:
    assert outcome(code, out_of_time=False)[:3] == end


def test_who_has_used_up_the_time_was_not_deleted() -> None:
    end = outcome(271, out_of_time=True)
    assert (end.status, end.signal) == (FAILED, 15)
    assert "--time" in (end.reason or "")
    assert outcome(0, out_of_time=True).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("code", "why"),
    [(-1, "start"), (-7, "again"), (-10, "--memory"), (-11, "--time"), (-12, "processor"), (-99, "ended")],
)
def test_below_zero_are_the_reasons_of_torque(code: int, why: str) -> None:
    end = outcome(code, out_of_time=False)
    assert (end.status, end.exit_code) == (FAILED, None)
    assert why in (end.reason or "")
    assert f"exit_status {code}" in (end.reason or "")


@given(st.integers(), st.booleans())
def test_any_code_is_an_end_and_zero_only_a_good_one(code: int, out_of_time: bool) -> None:
    end = outcome(code, out_of_time=out_of_time)
    assert end.status.final
    assert (end.status is JobStatus.COMPLETED) == (code == 0)
