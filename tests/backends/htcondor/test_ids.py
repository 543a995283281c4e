import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.htcondor import ids
from ganga.model.ids import NativeId


def test_a_job_and_its_id() -> None:
    assert ids.native_id("12", None) == "12.0"
    assert ids.place(ids.native_id("12", 3)) == Place("12", 3)


@pytest.mark.parametrize("text", ["", "12", "12.", "0.1", "12.03", "a.1", "12.1.1", "../12.1", "12.1 "])
def test_other_text_is_none(text: str) -> None:
    assert ids.place(text) is None


def test_many_jobs_of_a_cluster_are_asked_for_by_its_number() -> None:
    many = [ids.native_id("7", proc) for proc in range(100)]
    assert ids.words([NativeId("8.1"), *many, NativeId("8.1")]) == ["8.1", "7"]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 99)), max_size=99))
def test_each_job_is_meant_by_some_word(jobs: list[tuple[int, int]]) -> None:
    wanted = [ids.native_id(str(cluster), proc) for cluster, proc in jobs]
    words = ids.words(wanted)
    assert all(any(ids.means(word, job) for word in words) for job in wanted)
    assert all(map(ids.is_reference, words))
