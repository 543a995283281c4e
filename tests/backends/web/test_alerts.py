"""What a server has against a proxy, in words that say what to do."""

import pytest

from ganga.backends.web.alerts import Unexplained, explained, refusal
from ganga.backends.web.errors import CredentialsExpired
from ganga.model.clock import Utc


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired", "the proxy has expired"),
        ("tlsv1 alert unknown ca", "does not know the authority"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]", "saw no proxy"),
    ],
)
def test_a_reason_is_told(text: str, words: str) -> None:
    found = refusal(text, "dips://it")
    assert found is not None
    assert str(found).startswith("dips://it refuses the connection: ")
    assert words in str(found)
    assert not isinstance(found, Unexplained)


@pytest.mark.parametrize("alert", ["bad certificate", "certificate unknown", "handshake failure"])
def test_where_none_is_given_the_clocks_are_named_before_a_renewal(alert: str) -> None:
    found = refusal(f"sslv3 alert {alert}", "dips://it")
    assert isinstance(found, Unexplained)
    told = explained(found, Utc(1767225600.0))
    assert type(told) is CredentialsExpired
    assert "begins to be valid only at 2026-01-01T00:00:00.000Z: are the clocks right, there and here?" in str(told)
    assert str(told).endswith("renew it with `dirac-proxy-init`")


def test_no_other_failure_is_about_the_proxy() -> None:
    assert refusal("[SSL: WRONG_VERSION_NUMBER]", "it") is None
