"""What is believed of what comes over HTTP."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from ganga.backends.web.errors import CredentialsExpired, Refused
from ganga.backends.web.replies import LONGEST_WAIT, LONGEST_WORDS, NotSent, Reply, judged, not_ready
from ganga.errors import BackendUnavailable


def reply(status: int, body: bytes = b"{}", kind: str = "application/json", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": kind, **named}, body)


@pytest.mark.parametrize("status", [200, 201, 206])
def test_json_of_a_success_is_believed(status: int) -> None:
    whole = reply(status, b"[1]", "application/json; charset=utf-8")
    assert judged(whole, "S", ()) is whole
    assert whole.read(list[int], "S") == [1]


def test_nothing_is_a_reply_where_the_server_says_so() -> None:
    assert judged(reply(204, b"", "no content type"), "S", ()).body == b""


def test_a_status_that_was_expected_is_returned() -> None:
    assert judged(reply(416, b"[]"), "S", (416,)).status == 416


@pytest.mark.parametrize("status", [200, 401, 403, 404, 500, 502])
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "no content type", "application/jsonp"])
def test_what_is_no_json_is_no_answer_whatever_its_status(status: int, kind: str) -> None:
    with pytest.raises(BackendUnavailable, match=f"S answered {status} with {kind} instead of JSON") as caught:
        judged(reply(status, b"<html>", kind), "S", ())
    assert not isinstance(caught.value, CredentialsExpired)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_keeps_the_servers_words(status: int) -> None:
    with pytest.raises(Refused, match=rf"S refused \({status}\): Unknown column X"):
        judged(reply(status, b'{"detail":"Unknown column X"}'), "S", ())


def test_a_reason_that_is_no_text_is_kept_as_it_is() -> None:
    with pytest.raises(Refused, match=r'\[\{"msg":"Field required"\}\]'):
        judged(reply(422, b'{"detail":[{"msg":"Field required"}]}'), "S", ())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"detail', b"\xff"])
def test_a_refusal_without_a_reason_is_one(body: bytes) -> None:
    with pytest.raises(Refused, match="no reason given"):
        judged(reply(400, body), "S", ())


def test_a_reason_without_end_is_cut() -> None:
    with pytest.raises(Refused) as caught:
        judged(reply(400, msgspec.json.encode({"detail": "x" * 99999})), "S", ())
    assert len(str(caught.value)) < LONGEST_WORDS + 50


def test_a_token_that_is_not_accepted_is_a_matter_of_credentials() -> None:
    with pytest.raises(CredentialsExpired, match="Invalid JWT"):
        judged(reply(401, b'{"detail":"Invalid JWT"}'), "S", ())


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failing_server_is_no_refusal(status: int) -> None:
    with pytest.raises(BackendUnavailable, match=rf"failed \({status}: database is locked\)"):
        judged(reply(status, b'{"detail":"database is locked"}'), "S", ())


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_not_ready_says_how_long(status: int) -> None:
    with pytest.raises(NotSent, match="asks to wait 10 s"):
        judged(reply(status, b"", "text/html", Retry_After="10"), "S", ())
    with pytest.raises(NotSent, match=rf"not ready \({status}\); asking"):
        judged(reply(status, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), "S", ())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"Retry-After": "10"}, 10.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:30:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 120.0),
        ({"Retry-After": "Wed, 21 Oct 2026 09:30:00 +0200", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 120.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:30:00 GMT"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, LONGEST_WAIT),
        ({"Retry-After": "9" * 5000}, LONGEST_WAIT),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 99 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_both_forms(said: dict[str, str], seconds: float | None) -> None:
    assert not_ready(Reply(503, said, b""), "S").retry_after == seconds


def test_a_time_without_the_servers_clock_is_taken_by_ours() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    found = not_ready(reply(429, Retry_After=soon), "S").retry_after
    assert found is not None
    assert 100 < found <= 301


def test_a_redirect_is_said_without_what_it_carries() -> None:
    with pytest.raises(BackendUnavailable, match=r"redirects to https://login\.example\.org/in:") as caught:
        judged(reply(302, Location="https://login.example.org/in?state=confidential"), "S", ())
    assert "confidential" not in str(caught.value)


def test_a_service_that_is_not_there_is_no_refusal() -> None:
    with pytest.raises(BackendUnavailable, match="is the address right"):
        judged(reply(404, b'{"detail":"Not Found"}'), "S", ())


@pytest.mark.parametrize("body", [b"", b"[1", b'["1"]', b"null", b"\xff"])
def test_what_is_not_as_expected_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BackendUnavailable, match="S sent an unreadable reply"):
        reply(200, body).read(list[int], "S")
