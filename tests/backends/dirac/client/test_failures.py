"""What errors of DIRAC's client mean; the words are those of DIRAC 9.1."""

import pytest

from ganga.backends.dirac.client.failures import not_asked
from ganga.backends.dirac.envelopes import Envelope
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable

SERVICE = "WorkloadManagement/JobMonitoring"


@pytest.mark.parametrize(
    ("kind", "number", "message"),
    [
        (NotSent, 0, "('127.0.0.1', 37553) [Errno 111] Connection refused:ConnectionRefusedError(111)"),
        (NotSent, 0, "Can't connect to dips://localhost:1/It: SSLError('certificate verify failed')"),
        (NotSent, 0, "HTTPSConnectionPool: certificate verify failed: unable to get local issuer certificate"),
        (CredentialsExpired, 0, "SSLError(1, '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca')"),
        (CredentialsExpired, 0, "sslv3 alert certificate expired"),
        (CredentialsExpired, 0, "PEM file /tmp/proxy.pem has expired, not valid after 2026-11-22 19:05:19"),
        (CredentialsExpired, 13, "Permission denied ( 13 : No access to https://localhost:1/It)"),
        (CredentialsExpired, 0, "LookupError: Reason(s): Unauthorized query ( 1111 : Unauthorized query)"),
        (BackendUnavailable, 0, "Peer closed connection"),
        (BackendUnavailable, 0, "TypeError: submitJob() takes 1 positional argument"),
    ],
)
def test_nothing_that_the_client_says_itself_is_a_refusal(
    kind: type[BackendUnavailable], number: int, message: str
) -> None:
    error = not_asked(SERVICE, Envelope(OK=False, Errno=number, Message=message))
    assert type(error) is kind
    assert SERVICE in str(error)


def test_its_words_are_kept_short() -> None:
    assert len(str(not_asked(SERVICE, Envelope(OK=False, Message="word " * 10_000)))) < 600
