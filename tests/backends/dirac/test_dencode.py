from contextlib import suppress
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.dirac.dencode import DEEPEST, DEncodeError, decode, encode

_simple = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.datetimes(),
    st.dates(),
    st.times(),
)
_values = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.one_of(st.integers(), st.text()), inner),
    ),
    max_leaves=20,
)


def _decode_or_fail_clearly(data: bytes) -> None:
    with suppress(DEncodeError):
        decode(data)


@given(_values)
def test_what_is_written_is_read(value: object) -> None:
    assert decode(encode(value)) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_a_clear_error(data: bytes) -> None:
    _decode_or_fail_clearly(data)


@given(_values, st.integers(min_value=0, max_value=60), st.binary(min_size=1, max_size=3))
def test_a_damaged_reply_is_a_value_or_a_clear_error(value: object, at: int, noise: bytes) -> None:
    data = encode(value)
    at = min(at, len(data))
    _decode_or_fail_clearly(data[:at] + noise + data[at + len(noise) :])


@given(_values.filter(lambda value: value is not None), st.data())
def test_a_reply_that_was_cut_is_an_error(value: object, data: st.DataObject) -> None:
    whole = encode(value)
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    with pytest.raises(DEncodeError):
        decode(whole[:cut])


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"i-12e", -12),
        (b"I7e", 7),
        (b"f1.5e", 1.5),
        (b"f1e-05e", 1e-05),
        (b"s3:abc", "abc"),
        (b"u2:\xc3\xa4", "ä"),
        (b"s1:\xff", "\udcff"),
        (b"b1", True),
        (b"n", None),
        (b"li1ei2ee", [1, 2]),
        (b"ti1enee"[:-1], (1, None)),
        (b"ds2:OKb1s5:Valuei1ee", {"OK": True, "Value": 1}),
        (b"di7es1:ae", {7: "a"}),
        (b"zati2026ei11ei22ei17ei1ei4ei0enee"[:-1], datetime(2026, 11, 22, 17, 1, 4)),  # noqa: DTZ001 - as on the wire
        (b"zdti2026ei11ei22ee", date(2026, 11, 22)),
        (b"ztti17ei1ei4ei0ene", time(17, 1, 4)),
    ],
)
def test_each_form_is_read(data: bytes, value: object) -> None:
    assert decode(data) == value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "expected a value at byte 0 of 0, found the end"),
        (b"x", "found b'x'"),
        (b"i1", "expected an integer"),
        (b"fooe", "expected a number"),
        (b"s9:abc", "ends at byte 12, the data at byte 6"),
        (b"b2", "expected b0 or b1"),
        (b"n!", "1 bytes follow the value"),
        (b"dlei1ee", "a key that cannot be one"),
        (b"zxi1e", "expected a date or time"),
        (b"zati2026ei13ei1ee", "no date or time at byte 0"),
        (b"l" * (DEEPEST + 2), f"more than {DEEPEST} levels"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    with pytest.raises(DEncodeError) as caught:
        decode(data)
    assert words in str(caught.value)


def test_a_value_of_a_foreign_type_has_no_form() -> None:
    with pytest.raises(DEncodeError, match="type object"):
        encode(object())
