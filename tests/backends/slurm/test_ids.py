import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.slurm.ids import MOST_TASKS, compress, expand, native_id, place
from ganga.model.ids import NativeId


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("29_[1-3,8,21-22%5]", [1, 2, 3, 8, 21, 22]),
        ("29_[7]", [7]),
        ("29_[0-10:5]", [0, 5, 10]),
        ("29_[0-1%1]", [0, 1]),
        ("29_4", [4]),
        ("29_[0-2,7,13...]", [0, 1, 2, 7]),
        ("29_[0-2,7,1...%5]", [0, 1, 2, 7]),
        ("29_[13...]", []),
    ],
)
def test_an_id_stands_for_its_tasks(text: str, tasks: list[int]) -> None:
    assert expand(text) == [f"29_{task}" for task in tasks]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0",
        "12_",
        "12_x",
        "12.batch",
        "12_[",
        "12_[]",
        "12_[1-]",
        "12_[3-1]",
        "12+",
        "12_3+0",
        "٣",
        "12_[1,,2]",
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert expand(text) is None


def test_a_job_of_several_parts_is_its_first() -> None:
    assert expand("12+0") == ["12"]
    assert expand("12+1") == []


def test_more_tasks_than_there_can_be_are_none() -> None:
    assert expand(f"12_[0-{MOST_TASKS}]") is None
    assert expand("12_[0-9999999999]") is None


def test_a_place_is_a_job_and_a_task() -> None:
    assert place("12") == Place("12", 0)
    assert place("12_3") == Place("12", 3)
    assert place("12_[3]") is None
    assert place("../12") is None


@given(st.text() | st.from_regex(r"[0-9]{1,3}_\[[0-9,:%-]{0,12}\]", fullmatch=True))
def test_any_text_is_read_or_none(text: str) -> None:
    for each in expand(text) or []:
        assert place(each) is not None


@given(st.dictionaries(st.integers(1, 9), st.sets(st.integers(0, 40), min_size=1)), st.sets(st.integers(10, 20)))
def test_ids_are_the_same_in_few_words(arrays: dict[int, set[int]], plain: set[int]) -> None:
    ids = {native_id(str(job), task) for job, tasks in arrays.items() for task in tasks}
    ids |= {NativeId(str(job)) for job in plain}
    words = compress(ids)
    assert len(words) == len(arrays) + len(plain)
    assert {each for word in words for each in expand(word) or []} == ids
