"""Messages between ganga and its helper."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.dirac.client.frames import HEAD, LARGEST, framed, length, read


@given(st.lists(st.binary()))
def test_messages_come_out_as_they_went_in(messages: list[bytes]) -> None:
    stream = BytesIO(b"".join(map(framed, messages)))
    assert [read(stream) for _ in messages] == messages
    assert read(stream) is None


@given(st.binary(min_size=1), st.data())
def test_a_message_that_breaks_off_is_none(message: bytes, data: st.DataObject) -> None:
    whole = framed(message)
    assert read(BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))])) is None


def test_a_length_that_nobody_sends_is_not_believed() -> None:
    with pytest.raises(ValueError, match="the largest"):
        length((LARGEST + 1).to_bytes(HEAD, "big"))
