import ssl

import aiohttp
import pytest

from ganga.backends.dirac.https import _refused_proxy, judged
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.web.replies import NotReady, NotSent, Reply
from ganga.errors import BackendUnavailable

JSON = {"Content-Type": "application/json; charset=UTF-8"}


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=UTF-8", "application/octet-stream"])
def test_what_a_service_says_is_believed(kind: str) -> None:
    reply = Reply(200, {"Content-Type": kind}, b"{}")
    assert judged(reply, "it", ()) is reply


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, CredentialsExpired, "does not accept the proxy"),
        (403, CredentialsExpired, "does not accept the proxy"),
        (404, BackendUnavailable, "the address that of the right service"),
        (501, BackendUnavailable, "the address that of the right service"),
        (429, NotReady, "is not ready"),
        (503, NotReady, "is not ready"),
        (500, BackendUnavailable, "failed"),
        (302, BackendUnavailable, "redirects to"),
        (206, BackendUnavailable, "failed"),
    ],
)
def test_each_status_has_its_meaning(status: int, kind: type[BackendUnavailable], words: str) -> None:
    with pytest.raises(BackendUnavailable, match=words) as caught:
        judged(Reply(status, JSON, b"{}"), "it", ())
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_not_ready_says_how_long(status: int) -> None:
    with pytest.raises(NotSent, match="asks to wait 7 s") as caught:
        judged(Reply(status, {"Retry-After": "7"}, b""), "it", ())
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/html"}])
def test_a_page_instead_of_a_reply_is_not_believed(headers: dict[str, str]) -> None:
    with pytest.raises(BackendUnavailable, match="login page"):
        judged(Reply(200, headers, b"<html>"), "it", ())


def test_an_alert_of_tls_is_found_below_what_became_of_it() -> None:
    alert = ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired (_ssl.c:2580)")
    outer = BackendUnavailable("broke off")
    outer.__cause__ = aiohttp.ClientOSError(1, "broken")
    outer.__cause__.__context__ = alert
    found = _refused_proxy(outer, "https://it")
    assert found is not None
    assert "the proxy has expired" in str(found)
    assert _refused_proxy(BackendUnavailable("other"), "https://it") is None
