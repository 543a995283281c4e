"""What the failure of a connection means, in words that say what is wrong and what to do. Pure."""

import re
import ssl
from types import MappingProxyType
from typing import Final

import aiohttp

from ganga.backends.web.alerts import refusal
from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

#: Characters of another library's words in an error.
_LONGEST_WORDS: Final = 120

#: What to do about a certificate, by OpenSSL's number of what is wrong with it.
_ADVICE: Final = MappingProxyType(
    {
        9: "is this machine's clock right?",
        10: "its operators have to renew it, if this machine's clock is right",
        62: "is the address right? The certificate stands for another host",
    }
)
_NO_TLS: Final = re.compile("WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE")
_WHOM_TO_TRUST: Final = (
    "is it the right server, and does the setting `authorities` name the folder of the authorities that signed it?"
)


def unavailable(error: Exception, name: str, seconds: float) -> BackendUnavailable:
    """The failure to get a reply over HTTP of the server that is called so; `seconds` were allowed for it."""
    if (not_sent := _not_sent(error, name)) is not None:
        return not_sent
    if (refused := _refused(error, name)) is not None:
        return refused
    if isinstance(error, TimeoutError):
        return BackendUnavailable(f"{name} did not answer in full within {seconds:g} s; asking again later")
    if isinstance(error, aiohttp.ClientResponseError):
        # With its text, which quotes what was received, left out.
        return BackendUnavailable(f"{name} answers with something else than HTTP: is the right server at its address?")
    return BackendUnavailable(f"{name} broke off before its reply was whole ({words(error)}); asking again later")


def untrusted(error: Exception, name: str) -> NotSent:
    """The certificate that a server shows is not believed."""
    code, reason = 0, str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        code, reason = error.verify_code, error.verify_message
    advice = _ADVICE.get(code, _WHOM_TO_TRUST)
    return NotSent(f"{name} shows a certificate that is not trusted ({reason}); {advice}")


def unreachable(error: Exception, name: str) -> NotSent:
    """There was no connection to send anything over."""
    # By its text: the errors of aiohttp that wrap one of TLS have no other part of it.
    if isinstance(error, ssl.SSLError) and _NO_TLS.search(str(error)):
        return NotSent(f"{name} does not speak TLS: is the right server at its address, and is the port right?")
    return NotSent(f"{name} cannot be reached ({words(error)}); is the address right, and is there a network?")


def words(error: Exception) -> str:
    """Short, and in one line. What was received is not quoted."""
    if isinstance(error, aiohttp.ServerDisconnectedError | EOFError):
        return "it hung up"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "what came ended early, or is damaged"
    return shortened(" ".join(str(error).split()), _LONGEST_WORDS) or type(error).__name__


def _refused(error: BaseException | None, name: str) -> CredentialsExpired | None:
    """What the server has against our certificate, which with TLS 1.3 it says when the handshake is long over."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and (refused := refusal(str(error), name)) is not None:
            return refused
        error = error.__cause__ or error.__context__
    return None


def _not_sent(error: Exception, name: str) -> NotSent | CredentialsExpired | None:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return untrusted(error.certificate_error, name)
    if isinstance(error, aiohttp.ClientConnectorError):
        # Before TLS 1.3 a server looks at our certificate while hands are still shaken.
        return refusal(str(error.os_error), name) or unreachable(error.os_error, name)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSent(f"{name} cannot be reached ({error}); is the address right, and is there a network?")
    if isinstance(error, aiohttp.InvalidURL):
        return NotSent(f"{name} gave an address that is none; is the right server configured?")
    return None
