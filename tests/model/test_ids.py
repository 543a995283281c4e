"""Job ids are read from people with care."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import UsageError
from ganga.model.ids import LARGEST_NUMBER, job_id, number_and_index, parent_of, parse_job_id, shortened


@given(st.integers(1, LARGEST_NUMBER), st.none() | st.integers(0, LARGEST_NUMBER))
def test_an_id_is_read_as_it_was_made(number: int, index: int | None) -> None:
    made = job_id(number, index)
    assert parse_job_id(made) == made
    assert number_and_index(made) == (number, index)
    assert parent_of(made) == (None if index is None else job_id(number))


@pytest.mark.parametrize(
    "text",
    ["", "0", "01", "-1", "1.", ".1", "1.01", "1.2.3", "one", "1\n", "\u0661", str(LARGEST_NUMBER + 1), "9" * 10000],
)
def test_other_text_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a job id; expected a number such as 12") as error:
        parse_job_id(text)
    assert len(str(error.value)) < 150


def test_long_text_is_cut() -> None:
    assert shortened("x" * 41) == "x" * 40 + "..."
    assert shortened("x" * 40) == "x" * 40
