import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.cli.resources import as_typed, duration, memory
from ganga.model.resources import Resources
from tests.cli.test_submission import read


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("2G", 2 << 30), ("500M", 500 << 20), ("1.5k", 1536), ("2GiB", 2 << 30), (str(2**62), 2**62)],
)
def test_an_amount_of_memory(text: str, size: int) -> None:
    assert memory(text) == size


@pytest.mark.parametrize("text", ["", "0", "2X", "-1G", "G", "1e9", "9999999999T", "\u0663G", "2 G"])
def test_no_amount_of_memory(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected such as"):
        memory(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1h30m", 5400), ("2d", 172800), ("1d1h1m1s", 90061), ("5M", 300)]
)
def test_a_time(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0h", "h", "1:30", "30m1h", "1w", "-5m", "999999d"])
def test_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected such as"):
        duration(text)


@given(size=st.integers(1, 2**62), seconds=st.integers(1, 2**31))
def test_what_is_told_can_be_typed(size: int, seconds: int) -> None:
    told = dict(words.split() for words in as_typed(Resources(memory=size, time=seconds)))
    assert (memory(told["memory"]), duration(told["time"])) == (size, seconds)


def test_needs_are_told_in_words() -> None:
    wish = Resources(processors=4, memory=2 << 30, time=5400, native=("--exclusive", "a b"))
    assert list(as_typed(wish)) == ["processors 4", "memory 2G", "time 1h30m", "native --exclusive 'a b'"]


def test_all_of_them_reach_the_job() -> None:
    options = read(
        *("--processors", "4", "--memory", "2G", "--time", "1h", "--queue", "long", "--project", "atlas"),
        *("--gpus", "1", "--image", "alma9.sif", "--native=--exclusive", "--native", "qos=high", "true"),
    )
    assert options.resources == Resources(
        processors=4,
        memory=2 << 30,
        time=3600,
        queue="long",
        project="atlas",
        gpus=1,
        image="alma9.sif",
        native=("--exclusive", "qos=high"),
    )
