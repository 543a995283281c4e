import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.lsf import ids


@given(st.integers(1, 2**62), st.none() | st.integers(0, 10**6))
def test_an_id_means_its_place(job: int, index: int | None) -> None:
    assert ids.place(ids.native_id(str(job), index)) == Place(str(job), index or 0)


@given(st.text())
def test_any_text_is_an_id_or_none(text: str) -> None:
    found = ids.place(text)
    assert found is None or text in {ids.native_id(found.job, None), ids.native_id(*found)}


@pytest.mark.parametrize("text", ["", "0", "7[0]", "7[]", "7[1-2]", "7.1", "-7", "7[1", "\u0667"])
def test_other_texts_are_none(text: str) -> None:
    assert ids.place(text) is None


@pytest.mark.parametrize(
    ("job", "index", "meant"),
    [("7", "0", "7"), ("7", "", "7"), ("7", "3", "7[3]"), ("7[3]", "3", "7[3]"), ("7", "x", None), ("x", "0", None)],
)
def test_two_columns_tell_one_id(job: str, index: str, meant: str | None) -> None:
    assert ids.told(job, index) == meant


def test_several_tasks_are_meant() -> None:
    assert ids.split("7") == ("7", None)
    assert ids.split("7[1-5:2,9]") == ("7", frozenset({"7[1]", "7[3]", "7[5]", "7[9]"}))
    assert ids.split("7[1-9999999999]") is None
    assert ids.split("7[5-1]") is None
