"""Lists of numbers, and other texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.ranges import numbers


def test_single_numbers_ranges_and_steps() -> None:
    assert numbers("9,1-6:2,3-4", 10) == [9, 1, 3, 5, 3, 4]


@pytest.mark.parametrize("text", ["", "0", "1,", "5-1", "1-2-3", "1:2", "01", "1-9999999999", "a"])
def test_other_texts_are_none(text: str) -> None:
    assert numbers(text, 100) is None


@given(st.text() | st.text("0123456789,:-"))
def test_any_text_is_few_numbers_or_none(text: str) -> None:
    found = numbers(text, 100)
    assert found is None or 0 < len(found) <= 100
