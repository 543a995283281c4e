"""What `qstat -j` says of jobs in their error states, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine import reasons
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from tests.backends.grid_engine.recorded import recorded, said


def test_the_reasons_are_told_without_time_and_process() -> None:
    told = reasons.read(said(recorded("qstat-j-errors.txt")))
    assert told[NativeId("36")] == "can't chdir to /nonexistent: No such file or directory"
    assert told[NativeId("36.1")] == told[NativeId("36")]
    assert told[NativeId("35")] == "exit_status of job start = 100"


def test_without_an_answer_there_are_none() -> None:
    assert reasons.read(said("")) == {}
    with pytest.raises(BackendUnavailable):
        reasons.read(said("", exit_code=1, error="Following jobs do not exist: \n99999\n"))


@given(
    st.text()
    | st.lists(st.sampled_from(("job_number: 7", "error reason 1: x", "error reason 0: ", "="))).map("\n".join)
)
def test_any_text_is_read(text: str) -> None:
    assert all(reason in text for reason in reasons.read(said(text)).values())
