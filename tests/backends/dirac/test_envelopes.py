from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.dirac.dencode import encode
from ganga.backends.dirac.envelopes import Envelope, WireBytes, as_text, content, from_text, read, utc, write
from ganga.backends.dirac.road import CredentialsExpired, Refused
from ganga.backends.dirac.service_records import Row
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc

AT = Utc(1_795_366_864.0)
JSON = (
    b'{"OK": true, "Value": {"7": {"Status": "Running", "RescheduleCounter": 1, "EndExecTime": null, "Owner": "alice",'
    b' "LastUpdateTime": {"__dCls": "dt", "obj": "2026-11-22 17:01:04"}}}}'
)
WITHOUT_ZONE = datetime(2026, 11, 22, 17, 1, 4)  # noqa: DTZ001 - as on the wire
ROW = {
    "Status": "Running",
    "RescheduleCounter": 1,
    "EndExecTime": None,
    "Owner": "alice",
    "LastUpdateTime": WITHOUT_ZONE,
}
DENCODE = encode({"OK": True, "Value": {7: ROW}})


@pytest.mark.parametrize("body", [JSON, DENCODE])
def test_both_encodings_say_the_same(body: bytes) -> None:
    state = read(Envelope[dict[int, Row]], body, "it").opened("it")[7].state(7)
    assert (state.id, state.status, state.reschedules, state.updated_at, state.ended_at) == (7, "Running", 1, AT, None)


@pytest.mark.parametrize("body", [JSON, DENCODE])
def test_a_reply_that_was_cut_is_not_believed(body: bytes) -> None:
    for end in range(len(body)):
        with pytest.raises(BackendUnavailable):
            read(Envelope[dict[int, Row]], body[:end], "it").opened("it")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"OK": true}',
        b'{"OK": true, "Value": "text"}',
        b'{"OK": true, "Value": {"x": {"Status": "Done"}}}',
        b'{"OK": true, "Value": {"7": {"Status": null}}}',
        b'{"OK": true, "Value": {"7": {}}}',
        b'{"Value": {}}',
        b"\xff\xfe",
    ],
)
def test_a_reply_of_another_shape_is_not_believed(body: bytes) -> None:
    with pytest.raises(BackendUnavailable):
        read(Envelope[dict[int, Row]], body, "it").opened("it")


@pytest.mark.parametrize(
    ("number", "message", "kind"),
    [
        (1111, "Unauthorized query", CredentialsExpired),
        (0, "Unauthorized query ( 1111 : x)", CredentialsExpired),
        (1131, "MySQL Error", BackendUnavailable),
        (0, "Can not connect to the database", BackendUnavailable),
        (1503, "Job submission error ( 1503 : Failed to insert JDL in to DB)", BackendUnavailable),
        (1503, "Job submission error ( 1503 : Job submission not authorized)", Refused),
        (0, "X is not up in this server", BackendUnavailable),
        (0, "Unknown method getCounters", BackendUnavailable),
        (1501, "Invalid JDL", Refused),
    ],
)
def test_each_error_of_theirs_is_one_of_ours_in_their_words(
    number: int, message: str, kind: type[BackendError]
) -> None:
    envelope: Envelope[object] = Envelope(OK=False, Errno=number, Message=f"{message}\n  and more")
    with pytest.raises(BackendError, match=message.replace("(", r"\(").replace(")", r"\)")) as caught:
        envelope.opened("it")
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_the_call_stack_of_the_server_is_not_told() -> None:
    body = b'{"OK": false, "Message": "no", "CallStack": ["secret.py"]}'
    with pytest.raises(Refused) as caught:
        read(Envelope[object], body, "it").opened("it")
    assert "secret" not in str(caught.value)


def test_bytes_of_a_file_survive_both_encodings() -> None:
    everything = bytes(range(256))
    for body in (write({"OK": True, "Value": everything}), encode({"OK": True, "Value": everything})):
        assert content(read(Envelope[str | WireBytes], body, "it").opened("it")) == everything


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_times_are_whole_seconds_of_utc(second: int) -> None:
    assert from_text(as_text(Utc(second + 0.9))) == Utc(second)


def test_a_time_that_is_none_is_not_believed() -> None:
    assert utc(None) is None
    with pytest.raises(BackendUnavailable, match="for a time"):
        from_text("yesterday")
