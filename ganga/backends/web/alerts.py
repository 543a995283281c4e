"""What a server has against the proxy that it was shown: it hangs up with an alert of TLS, after the handshake.

Some of the alerts do not say why. OpenSSL has one of these for a proxy that does not hold yet, by the server's clock.
"""

from types import MappingProxyType
from typing import Final

from ganga.backends.web.errors import CredentialsExpired
from ganga.model.clock import Utc, rfc3339

_REASONS: Final = MappingProxyType(
    {
        "CERTIFICATE_EXPIRED": "the proxy has expired: renew it with `dirac-proxy-init`",
        "UNKNOWN_CA": "it does not know the authority that signed the certificate of the proxy",
        "CERTIFICATE_REVOKED": "the certificate of the proxy was revoked",
        "CERTIFICATE_REQUIRED": "it saw no proxy: make one with `dirac-proxy-init`",
    }
)
_WITHOUT_REASON: Final = ("BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "HANDSHAKE_FAILURE")


class Unexplained(CredentialsExpired):
    """The server does not accept the proxy, and does not say why."""


def refusal(text: str, where: str) -> CredentialsExpired | None:
    """The error for an alert about the proxy, if the text has one as OpenSSL writes them."""
    text = text.upper().replace(" ", "_")
    for alert, reason in _REASONS.items():
        if f"ALERT_{alert}" in text:
            return CredentialsExpired(f"{where} refuses the connection: {reason}")
    if any(f"ALERT_{alert}" in text for alert in _WITHOUT_REASON):
        return Unexplained(f"{where} refuses the connection: it does not accept the proxy")
    return None


def explained(error: Unexplained, begins: Utc) -> CredentialsExpired:
    """The error with what there is to be looked at; the proxy holds from `begins` on."""
    clocks = f"which begins to be valid only at {rfc3339(begins)}: are the clocks right, there and here?"
    return CredentialsExpired(f"{error}, {clocks} If they are, renew it with `dirac-proxy-init`")
