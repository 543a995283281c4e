"""Amounts of memory and of time, as systems write them, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.amounts import duration, size


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", 1),
        ("3456kb", 3456 << 10),
        ("1234K", 1234 << 10),
        ("12.50M", 25 << 19),
        ("4.703MB", int(4.703 * (1 << 20))),
        (" 2g ", 2 << 30),
        ("0", None),
        ("0.000B", None),
        ("0kb", None),
        ("", None),
        ("3mw", None),
        ("-1K", None),
        ("much", None),
    ],
)
def test_sizes(text: str, meant: int | None) -> None:
    assert size(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.211s", 0.211),
        ("7", 7.0),
        ("00:00:01", 1.0),
        ("01:02:03", 3723.0),
        ("1-02:03:04", 93784.0),
        ("01:02.345", 62.345),
        ("", None),
        ("-1", None),
        ("1:2:3:4", None),
        ("soon", None),
    ],
)
def test_durations(text: str, meant: float | None) -> None:
    assert duration(text) == meant


@given(st.integers(1, 2**40))
def test_a_size_in_kibibytes_is_itself(kibibytes: int) -> None:
    assert size(f"{kibibytes}K") == kibibytes << 10


@given(st.integers(0, 10**9))
def test_a_duration_on_a_clock_is_itself(seconds: int) -> None:
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    assert duration(f"{days}-{text}" if days else text) == seconds


@given(st.text())
def test_any_text_is_an_amount_or_none(text: str) -> None:
    assert (size(text) or 1) > 0
    assert (duration(text) or 0.0) >= 0.0
