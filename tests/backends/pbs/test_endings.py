"""What the codes mean. 0 to 3 were recorded; the others are as the manual and the facts of PBS 23.06 have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.pbs.endings import outcome
from ganga.model.status import JobStatus

FAILED, KILLED = JobStatus.FAILED, JobStatus.KILLED


@pytest.mark.parametrize(
    ("code", "substate", "end"),
    [
        (0, 92, (JobStatus.COMPLETED, 0, None)),
        (3, 93, (FAILED, 3, None)),
        (137, 93, (FAILED, None, 9)),
        (128, 93, (FAILED, 128, None)),
        (256, 93, (FAILED, 256, None)),
        (267, 93, (FAILED, None, 11)),
        (271, 93, (FAILED, None, 15)),
        (271, 91, (KILLED, None, 15)),
        (0, 91, (KILLED, 0, None)),
        (9999, 93, (FAILED, 9999, None)),
    ],
)
def test_the_code_and_who_ended_it_are_told_apart(
    code: int, substate: int, end: tuple[JobStatus, int | None, int | None]
) -> None:
    told = outcome(code, substate, never_ran=False)
    assert told is not None
    assert told[:3] == end


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (-29, "--time"),
        (-27, "--memory"),
        (-26, "virtual"),
        (-28, "processor time"),
        (-1, "start"),
        (-99, "PBS ended it"),
    ],
)
def test_below_zero_are_the_reasons_of_pbs(code: int, why: str) -> None:
    told = outcome(code, 93, never_ran=False)
    assert told is not None
    assert told.status is FAILED
    assert told.exit_code is None
    assert why in (told.reason or "")
    assert f"Exit_status {code}" in (told.reason or "")


def test_a_job_that_was_deleted_before_it_ran_has_no_code() -> None:
    told = outcome(None, 91, never_ran=True)
    assert told is not None
    assert (told.status, told.exit_code, told.reason) == (KILLED, None, "it was deleted before it ran")
    assert outcome(None, 91, never_ran=False) == (KILLED, None, None, "it was deleted")


def test_an_end_without_a_word_of_how_it_was_is_none() -> None:
    assert outcome(None, 93, never_ran=False) is None
    assert outcome(None, None, never_ran=False) is None


@given(st.integers())
def test_any_code_is_an_end_and_zero_only_a_good_one(code: int) -> None:
    told = outcome(code, 93, never_ran=False)
    assert told is not None
    assert told.status.final
    assert (told.status is JobStatus.COMPLETED) == (code == 0)
