"""Times as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import UsageError
from ganga.model.clock import Utc, from_rfc3339, rfc3339


def test_a_time_is_told_in_utc_with_milliseconds() -> None:
    assert rfc3339(Utc(1768000000.25)) == "2026-01-09T23:06:40.250Z"


@given(st.integers(0, 4_000_000_000_000))
def test_what_is_told_can_be_read(milliseconds: int) -> None:
    at = Utc(milliseconds / 1000)
    assert from_rfc3339(rfc3339(at)) == pytest.approx(at, abs=0.002)


def test_any_offset_is_read() -> None:
    assert from_rfc3339("2026-01-10T00:06:40+01:00") == from_rfc3339("2026-01-09T23:06:40Z")


@pytest.mark.parametrize(("text", "why"), [("noon", "not a time"), ("2026-01-09T23:06:40", "no time zone")])
def test_other_text_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        from_rfc3339(text)
