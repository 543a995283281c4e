"""What an error of DIRAC's client itself means: no server has said it, so nothing was refused. Pure."""

import re

from ganga.backends.dirac.envelopes import Envelope, refusal
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.web import alerts
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

#: Characters of the client's own words that are passed on.
_LONGEST_WORDS = 400

_EXPIRED = re.compile(r"proxy.* has expired|No proxy found", re.IGNORECASE)
_NOT_TRUSTED = re.compile(r"certificate.verify.failed", re.IGNORECASE)
_NOT_REACHED = re.compile(
    r"Connection refused|No route to host|Network is unreachable|Name or service not known|name resolution"
)


def not_asked(service: str, error: Envelope[object]) -> BackendUnavailable:
    """The error to be raised for one that arose in DIRAC's client, with its own words."""
    words = f"{service}: {shortened(' '.join(error.Message.split()), _LONGEST_WORDS)}"
    if (refused := alerts.refusal(error.Message, service)) is not None:
        return refused
    if _EXPIRED.search(error.Message):
        return CredentialsExpired(f"{words}: the proxy has expired: renew it with `dirac-proxy-init`")
    if _NOT_TRUSTED.search(error.Message):
        advice = "is it the right server, and does the setting `authorities` name the folder of those who signed it?"
        return NotSent(f"{words}: its certificate is not trusted; {advice}")
    if _NOT_REACHED.search(error.Message):
        return NotSent(f"{words}: it cannot be reached; is the address right, and is there a network?")
    found = refusal(error.Errno, error.Message, service)
    if isinstance(found, BackendUnavailable):
        return found
    return BackendUnavailable(f"{words}; DIRAC's client could not ask, asking again later")
