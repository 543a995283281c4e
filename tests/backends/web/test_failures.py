"""What a broken connection means is said in one short line, without what was received over it."""

import ssl
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.failures import unavailable, unreachable, untrusted
from ganga.backends.web.replies import NotSent

KEY = ConnectionKey("s", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


def refused_certificate(code: int, reason: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, reason)
    error.verify_code, error.verify_message = code, reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused_certificate(9, "certificate is not yet valid"), "not yet valid); is this machine's clock right?"),
        (refused_certificate(10, "certificate has expired"), "has expired); its operators have to renew it"),
        (refused_certificate(62, "hostname mismatch"), "mismatch); is the address right? The certificate stands for"),
        (refused_certificate(20, "unable to get local issuer"), "get local issuer); is it the right server, and does"),
        (ValueError("odd"), "(odd); is it the right server"),
    ],
)
def test_what_to_do_about_a_certificate_depends_on_what_is_wrong_with_it(error: Exception, words: str) -> None:
    assert words in str(untrusted(error, "S"))
    found = unavailable(aiohttp.ClientConnectorCertificateError(KEY, error), "S", 1.0)
    assert isinstance(found, NotSent)
    assert words in str(found)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ServerDisconnectedError("HTTP/1.1 200 OK\r\nSet-Cookie: secret"), "(it hung up); asking again later"),
        (aiohttp.ClientPayloadError("<secret>"), "(what came ended early, or is damaged); asking again later"),
        (aiohttp.ClientOSError(104, "Connection\n reset"), "([Errno 104] Connection reset); asking again later"),
        (aiohttp.ClientOSError(), "(ClientOSError); asking again later"),
        (
            aiohttp.ClientResponseError(Mock(), (), message="Bad line: secret"),
            "S answers with something else than HTTP",
        ),
        (TimeoutError(), "S did not answer in full within 1 s; asking again later"),
    ],
)
def test_what_was_received_is_not_quoted(error: Exception, words: str) -> None:
    found = unavailable(error, "S", 1.0)
    assert words in str(found)
    assert "secret" not in str(found)
    assert not isinstance(found, NotSent)


def test_a_port_without_tls_is_said_to_be_one() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    for found in (unreachable(error, "S"), unreachable(aiohttp.ClientConnectorSSLError(KEY, error), "S")):
        assert str(found).startswith("S does not speak TLS: is the right server at its address")


def test_long_words_are_cut() -> None:
    assert len(str(unreachable(OSError("x" * 1000), "S"))) < 300


def test_an_alert_says_what_the_server_has_against_us() -> None:
    broken = aiohttp.ClientOSError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")
    broken.__cause__ = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)")
    with pytest.raises(CredentialsExpired, match="S refuses the connection: it does not know the authority"):
        raise unavailable(broken, "S", 3.0)


def test_an_alert_of_an_older_tls_comes_before_there_is_a_connection() -> None:
    alert = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:1006)")
    found = unavailable(aiohttp.ClientConnectorSSLError(KEY, alert), "S", 3.0)
    assert isinstance(found, CredentialsExpired)
    assert str(found).startswith("S refuses the connection: it does not know the authority")
    nowhere = aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused"))
    nowhere.__context__ = alert
    assert isinstance(unavailable(nowhere, "S", 3.0), NotSent)
