"""Which faults there are, what a target says of each, and what becomes of jobs meanwhile."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ganga.model.status import JobStatus
from tests.live import gate, proxy
from tests.live.dirac.faults.grounds import Row
from tests.live.gate import Trouble, over_http
from tests.live.proxy import altered, answers

DIRACX, HTTPS, DIPS, CLIENT = "diracx", "https", "dips", "client"
ROADS = (DIRACX, HTTPS, DIPS)
_HTTP = (DIRACX, HTTPS)

#: Seconds that a server has for its answer: one that gives it, however busy all is, and one that never does.
LONG, SHORT = 30.0, 8.0

_JSON = "application/json"
_PAGE = b"<html><body>Please log in to the hotel network</body></html>"


@dataclass(frozen=True)
class Fault:
    """What happens to a target, and what it says of that: an expression that its error matches."""

    words: str
    trouble: Trouble | None = None
    #: The credentials that take the place of the good ones; "none": they are removed.
    credentials: str | None = None
    roads: tuple[str, ...] = ROADS
    #: Whether there is no news as long as it lasts.
    outage: bool = True
    #: How long its target waits for an answer, in seconds.
    patience: float = LONG


def _http(fault: proxy.Fault, words: str, roads: tuple[str, ...] = _HTTP) -> Fault:
    return Fault(words, Trouble(over_http(fault)), roads=roads)


def _half(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Cut by something that corrects the length."""
    return head, body[: len(body) // 2]


def _part(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """A page that is a part, and does not say of what."""
    return head.replace(b"200 OK", b"206 Partial Content"), body


def _packed_by_half(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    packed = gzip.compress(body)
    return head + b"\r\nContent-Encoding: gzip", packed[: len(packed) // 2]


def _emptied(head: bytes, _body: bytes) -> tuple[bytes, bytes]:
    return head, b""


_LATER = r".*asking again later"
_UNREADABLE = r"(unreadable reply|cannot be read).*(asking again later|nothing follows from it)"
_AWAY = r"cannot be reached.*is the address right, and is there a network\?"
_LATE = rf"(did not answer( in full)? within {SHORT:g} s{_LATER}|cannot be reached)"

FAULTS: Mapping[str, Fault] = {
    "refusing": Fault(_AWAY, Trouble(gate.dropped, accepts=False)),
    "accepting and silent": Fault(
        rf"{_LATE}|cannot be reached within", Trouble(gate.unheard, secured=False), patience=SHORT
    ),
    "hanging up": Fault(
        r"broke off.*asking again later|cannot be reached.*is there a network", Trouble(gate.dropped, secured=False)
    ),
    "no TLS at all": Fault(
        r"does not speak TLS: is the right server at its address",
        Trouble(gate.says(b"220 mail ready\r\n"), secured=False),
    ),
    "silent after TLS": Fault(_LATE, Trouble(gate.unheard), patience=SHORT),
    "cut at once": Fault(r"(broke off before its reply was whole|cannot be reached)", Trouble(gate.cut(0))),
    "cut after 100 bytes": Fault(r"broke off before its reply was whole" + _LATER, Trouble(gate.cut(100))),
    "stalled after 300 bytes": Fault(
        rf"did not answer( in full)? within {SHORT:g} s{_LATER}", Trouble(gate.stalled(100)), patience=SHORT
    ),
    "a slow trickle": Fault(_LATE, Trouble(gate.trickled(10)), patience=SHORT),
    "garbage": Fault(
        r"something else than (HTTP: is the right server at its address|DIRAC is at that address)",
        Trouble(gate.says(b"\x00\xff" * 40)),
    ),
    "a page over TLS": Fault(
        r"something else than DIRAC is at that address",
        Trouble(gate.says(b"HTTP/1.1 400 Bad Request\r\n\r\n" + _PAGE)),
        roads=(DIPS,),
    ),
    "a certificate that has expired": Fault(
        r"certificate that is not trusted \(.*expired.*\); its operators have to renew it",
        Trouble(gate.passed, certificate="expired"),
    ),
    "a certificate of a foreign authority": Fault(
        r"certificate that is not trusted \(.*\); .*the setting `authorities`",
        Trouble(gate.passed, certificate="foreign"),
    ),
    "a certificate of another host": Fault(
        r"certificate that is not trusted \(.*mismatch.*\); is the address right",
        Trouble(gate.passed, certificate="elsewhere"),
    ),
    "not ready": _http(
        answers("503 Service Unavailable", _JSON, b'{"detail":"warming up"}', "Retry-After: 2"), r"not ready \(503\)"
    ),
    "not ready, in HTML": _http(answers("503 Service Unavailable", "text/html", _PAGE), r"not ready \(503\)" + _LATER),
    "failing": _http(
        answers("500 Internal Server Error", _JSON, b'{"detail":"database is locked"}'), r"failed \(500.*" + _LATER
    ),
    "failing and closing": _http(
        answers("500 Internal Server Error", _JSON, b'{"detail":"no"}', "Connection: close"), r"failed \(500.*" + _LATER
    ),
    "a bad gateway": _http(answers("502 Bad Gateway", "text/html", _PAGE), r"502"),
    "a page of HTML": _http(
        answers("200 OK", "text/html; charset=utf-8", _PAGE), r"text/html instead of JSON.*seems to"
    ),
    "a redirection to a login": _http(
        answers("302 Found", "text/html", b"", "Location: https://login.example/?token=1"),
        r"redirects to https://login.example/: if that is it, give its address",
    ),
    "half of a reply": _http(altered(_half), _UNREADABLE),
    "half of a packed reply": _http(altered(_packed_by_half), rf"{_UNREADABLE}|broke off"),
    "an empty reply": _http(altered(_emptied), _UNREADABLE),
    "a reply that is cut": _http(proxy.cut(0.5), r"broke off before its reply was whole" + _LATER),
    "a part of a page": _http(altered(_part), r"part of a page|206"),
    "beyond the last page": _http(
        answers("416 Range Not Satisfiable", _JSON, b"[]", "Content-Range: jobs */9"), r"part of a page|416"
    ),
    "a null": _http(answers("200 OK", _JSON, b"null"), _UNREADABLE),
    "a connection that breaks when it is used again": Fault(
        "", Trouble(over_http(proxy.broken_when_reused)), roads=_HTTP, outage=False
    ),
    "nothing": Fault("", gate.CALM, outage=False),
    "credentials that have ended": Fault(
        r"(the grid proxy .* ended at .*: renew it with `dirac-proxy-init`|the login to DiracX in .* has ended)",
        credentials="expired",
    ),
    "no credentials": Fault(r"there (is|are) no .*(dirac-proxy-init|dirac login)", credentials="none"),
    "a proxy of a stranger": Fault(
        r"is the certificate registered|: register it", credentials="unknown", roads=(HTTPS, DIPS)
    ),
    "a proxy of a foreign authority": Fault(
        r"does not know the authority that signed", credentials="foreign", roads=(HTTPS, DIPS)
    ),
}

#: DIRAC's own client has its own words and a helper process for each target: some faults of all kinds.
_CLIENT_WORDS: Mapping[str, str] = {
    "refusing": rf"did not return within {LONG:g} s|cannot be reached|could not ask",
    "silent after TLS": rf"at dips:\S+: \w+: DIRAC's client did not return within {SHORT:g} s; asking again later",
    "cut after 100 bytes": r"could not ask, asking again later",
    "a certificate that has expired": r"certificate is not trusted; is it the right server",
    "credentials that have ended": r"the grid proxy .* ended at .*: renew it with `dirac-proxy-init`",
    "nothing": "",
}


def faults_of(road: str) -> Mapping[str, Fault]:
    """What is tried on this road."""
    if road == CLIENT:
        return {name: replace(FAULTS[name], words=words) for name, words in _CLIENT_WORDS.items()}
    return {name: fault for name, fault in FAULTS.items() if road in fault.roads}


@dataclass(frozen=True)
class Life:
    """A job before the trouble and after it."""

    before: Row
    after: Row | None
    status: JobStatus
    native_status: str
    attempt: int = 1
    #: As it has ended before the trouble already, and we know it.
    ended: Row | None = None


_RUNNING = Row("Running", "Application")
_DONE = Row("Done", "Execution Complete")
_FAILED = Row("Failed", "Application Finished With Errors", "'sh' Exited With Status 3")
_AGAIN = Row("Received", "Job Rescheduled", reschedules=1)

LIVES: Mapping[str, Life] = {
    "ends well": Life(_RUNNING, _DONE, JobStatus.COMPLETED, "Done"),
    "fails": Life(_RUNNING, _FAILED, JobStatus.FAILED, "Failed/Application Finished With Errors"),
    "is killed": Life(
        _RUNNING, Row("Killed", "Marked for termination"), JobStatus.KILLED, "Killed/Marked for termination"
    ),
    "is removed": Life(_RUNNING, None, JobStatus.RUNNING, "Running/Application"),
    "does what nobody knows": Life(_RUNNING, Row("Meditating", "Om"), JobStatus.RUNNING, "Meditating/Om"),
    "stalls": Life(_RUNNING, Row("Stalled", "Job stalled"), JobStatus.RUNNING, "Stalled/Job stalled"),
    "begins": Life(Row("Waiting", "Pilot Agent Submission"), _RUNNING, JobStatus.RUNNING, "Running/Application"),
    "waits": Life(Row("Waiting"), Row("Waiting"), JobStatus.SUBMITTED, "Waiting"),
    "runs on": Life(_RUNNING, _RUNNING, JobStatus.RUNNING, "Running/Application"),
    "is run again": Life(_RUNNING, _AGAIN, JobStatus.SUBMITTED, "Received/Job Rescheduled", 2),
    "is run again after its end": Life(_RUNNING, _AGAIN, JobStatus.SUBMITTED, "Received/Job Rescheduled", 2, _DONE),
    "ends well after a bad end": Life(
        _RUNNING, Row("Done", "Execution Complete", reschedules=1), JobStatus.COMPLETED, "Done", 2, _FAILED
    ),
}
#: Jobs of each life.
COPIES = 1
