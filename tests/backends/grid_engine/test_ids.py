import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.grid_engine.ids import MOST_TASKS, compress, expand, native_id, place, split
from ganga.model.ids import NativeId


@pytest.mark.parametrize(
    ("tasks", "numbers"),
    [
        ("3", [3]),
        ("3-6:1", [3, 4, 5, 6]),
        ("1,5", [1, 5]),
        ("1-3:1,5-7:1,9", [1, 2, 3, 5, 6, 7, 9]),
        ("1-7:3", [1, 4, 7]),
    ],
)
def test_tasks_stand_for_ids(tasks: str, numbers: list[int]) -> None:
    assert expand("12", tasks) == [f"12.{number}" for number in numbers]
    assert expand("12", None) == ["12"]


@pytest.mark.parametrize(
    "tasks", ["", "x", "0", "0-3", "1-", "3-1", "1,,2", "٣", f"1-{MOST_TASKS + 1}", "1-9999999999"]
)
def test_what_is_no_list_of_tasks_is_none(tasks: str) -> None:
    assert expand("12", tasks) is None


@pytest.mark.parametrize("job", ["", "0", "x", "12.3", "-12"])
def test_what_is_no_job_is_none(job: str) -> None:
    assert expand(job, None) is None


def test_tasks_are_counted_from_one_there_and_from_zero_here() -> None:
    assert native_id("12", 0) == "12.1"
    assert native_id("12", None) == "12"
    assert place("12.1") == place("12") == Place("12", 0)
    assert place("12.4") == Place("12", 3)


@pytest.mark.parametrize("text", ["", "12.0", "12.", "../12", "12.3-4", "12_3"])
def test_a_place_is_one_task(text: str) -> None:
    assert place(text) is None


def test_a_person_means_a_job_or_some_of_its_tasks() -> None:
    assert split("12") == ("12", None)
    assert split("12.3") == ("12", frozenset({"12.3"}))
    assert split("12.1-5:2") == ("12", frozenset({"12.1", "12.3", "12.5"}))
    assert split("12.5-1") is None
    assert split("name") is None


@given(st.text() | st.from_regex(r"[0-9]{1,3}\.[0-9,:-]{0,12}", fullmatch=True))
def test_any_text_is_read_or_none(text: str) -> None:
    job, _, tasks = text.partition(".")
    for each in expand(job, tasks) or []:
        assert place(each) is not None


@given(st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 40), min_size=1)), st.sets(st.integers(10, 20)))
def test_ids_are_the_same_in_few_words(arrays: dict[int, set[int]], plain: set[int]) -> None:
    ids = {NativeId(f"{job}.{task}") for job, tasks in arrays.items() for task in tasks}
    ids |= {NativeId(str(job)) for job in plain}
    read = [split(word) for word in compress(ids)]
    assert {each for meant in read if meant is not None for each in meant[1] or {meant[0]}} == ids
