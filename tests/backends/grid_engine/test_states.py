"""The states that were seen, and letters that are in none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine.states import is_error, restart_of, status_of
from ganga.model.status import JobStatus

SEEN = {
    **dict.fromkeys(("qw", "Rq", "Rqw", "dqw"), JobStatus.SUBMITTED),
    **dict.fromkeys(("hqw", "hRwq", "Eqw", "EhRqw", "dEqw"), JobStatus.HELD),
    **dict.fromkeys(("r", "t", "Rr", "Rt", "dr", "dt", "dRr", "hr"), JobStatus.RUNNING),
    **dict.fromkeys(("s", "ts", "S", "tS", "T", "Rs", "ds"), JobStatus.SUSPENDED),
}


@pytest.mark.parametrize("state", SEEN)
def test_a_state_is_known(state: str) -> None:
    assert status_of(state) is SEEN[state]
    assert is_error(state) == ("E" in state)
    assert restart_of(state) == ("R" in state)


@given(st.text())
def test_no_letter_is_an_end(state: str) -> None:
    assert not status_of(state).final
