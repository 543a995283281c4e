"""The work of a job is divided as it is asked for; what cannot be divided is refused."""

import pytest

from ganga.errors import UsageError
from ganga.model.job import Share
from ganga.split import MOST_SUBJOBS, by_arguments, by_files, by_range, repeat


def test_as_many_as_asked_for() -> None:
    assert repeat(3) == [Share()] * 3


@pytest.mark.parametrize("times", [0, -1, MOST_SUBJOBS + 1])
def test_none_and_too_many_are_refused(times: int) -> None:
    with pytest.raises(UsageError, match=f"{times} subjobs are not possible"):
        repeat(times)


def test_one_for_each_argument() -> None:
    assert by_arguments(["a b", ("-n", "5")]) == [Share(arguments=("a b",)), Share(arguments=("-n", "5"))]
    assert by_arguments([]) == []


def test_one_for_so_many_files() -> None:
    assert by_files(["/data/a", "b/c", "d"], per_subjob=2) == [
        Share(inputs=("/data/a", "b/c"), arguments=("a", "c")),
        Share(inputs=("d",), arguments=("d",)),
    ]


def test_no_files_cannot_be_divided() -> None:
    with pytest.raises(UsageError, match="no files"):
        by_files([])
    with pytest.raises(UsageError, match="at least one for each"):
        by_files(["a"], per_subjob=0)


def test_one_for_so_many_numbers() -> None:
    assert [share.arguments for share in by_range(0, 5, size=2)] == [("0", "2"), ("2", "4"), ("4", "5")]


@pytest.mark.parametrize(("start", "stop", "size"), [(0, 5, 0), (5, 5, 1), (6, 5, 1)])
def test_an_empty_range_is_refused(start: int, stop: int, size: int) -> None:
    with pytest.raises(UsageError, match="is empty"):
        by_range(start, stop, size=size)
