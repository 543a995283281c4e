"""What a chain of certificates says of its owner: how long it lives, whose it is, and for which group. Pure.

Only what is said is read here; whether it is true is judged by the servers, who know the authorities.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping, Sequence

from msgspec import Struct

from ganga.backends.web.der import INTEGER, OCTETS, SEQUENCE, SET, DerError, Element, only
from ganga.model.clock import Utc

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)

_DIRAC_GROUP = "1.2.42.42"
_PROXY_INFORMATION = ("1.3.6.1.5.5.7.1.14", "1.3.6.1.4.1.3536.1.222")
_VOMS_ATTRIBUTES = "1.3.6.1.4.1.8005.100.100.5"
_VOMS_NAMES = "1.3.6.1.4.1.8005.100.100.4"

_NAME_PARTS = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate."""

    subject: str
    valid_from: Utc
    valid_until: Utc
    #: The content of each extension by its object identifier.
    extensions: Mapping[str, bytes]

    @property
    def is_proxy(self) -> bool:
        """Whether a person signed it for a program, and no authority did."""
        old = self.subject.endswith(("/CN=proxy", "/CN=limited proxy"))
        return old or any(name in self.extensions for name in _PROXY_INFORMATION)


class Membership(Struct, frozen=True, kw_only=True):
    """What a VOMS server attests."""

    #: ``/lhcb/Role=user/Capability=NULL`` and so on, the primary one first.
    names: tuple[str, ...]
    valid_until: Utc

    @property
    def organisation(self) -> str:
        """The virtual organisation: the first part of the primary name."""
        return self.names[0].split("/")[1] if self.names and self.names[0].startswith("/") else ""


class Chain(Struct, frozen=True, kw_only=True):
    """A proxy with what it was made from, or a plain certificate."""

    certificates: tuple[Certificate, ...]
    #: DIRAC's own word for what the owner may do; empty: the owner's default group.
    group: str = ""
    membership: Membership | None = None

    @property
    def identity(self) -> str:
        """The distinguished name of the person: ``/DC=ch/DC=cern/CN=Jane Doe``."""
        people = [certificate for certificate in self.certificates if not certificate.is_proxy]
        return (people or self.certificates)[0].subject

    @property
    def organisation(self) -> str:
        """The virtual organisation that a VOMS server attests; empty if none does."""
        return self.membership.organisation if self.membership else ""

    @property
    def valid_from(self) -> Utc:
        """When the last of the certificates begins to hold."""
        return max(certificate.valid_from for certificate in self.certificates)

    @property
    def valid_until(self) -> Utc:
        """When the first of the certificates and attestations ends."""
        ends = [certificate.valid_until for certificate in self.certificates]
        return min([*ends, self.membership.valid_until] if self.membership else ends)


def read_chain(pem: bytes) -> Chain:
    """The chain in a PEM file, nearest to the owner's program first. Raises `DerError`."""
    certificates = tuple(_certificate(_decoded(body)) for body in _PEM.findall(pem))
    if not certificates:
        raise DerError("there is no certificate in it")
    return Chain(certificates=certificates, group=_group(certificates), membership=_membership(certificates))


def _decoded(body: bytes) -> bytes:
    try:
        return a2b_base64(body)
    except Base64Error as error:
        raise DerError(f"a certificate is no base64: {error}") from error


def _certificate(data: bytes) -> Certificate:
    signed = _fields(only(data), 1)[0]
    fields = [field for field in signed.parts() if field.tag not in {0xA0, 0x81, 0x82}]
    if len(fields) < 6 or fields[0].tag != INTEGER:  # noqa: PLR2004 - serial, algorithm, issuer, validity, subject, key
        raise DerError("a certificate lacks its fields")
    _, _, _, validity, subject, _, *extensions = fields
    begin, end = _fields(validity, 2)[:2]
    return Certificate(
        subject=_name(subject),
        valid_from=begin.time(),
        valid_until=end.time(),
        extensions=_extensions(extensions[0]) if extensions else {},
    )


def _fields(element: Element, least: int) -> list[Element]:
    fields = element.parts()
    if len(fields) < least:
        raise DerError(f"{least} fields were expected, found {len(fields)}")
    return fields


def _name(name: Element) -> str:
    words = []
    for part in name.parts():
        for pair in part.parts():
            kind, value = _fields(pair, 2)[:2]
            identifier = kind.object_id()
            words.append(f"/{_NAME_PARTS.get(identifier, identifier)}={value.text()}")
    return "".join(words)


def _extensions(wrapped: Element) -> Mapping[str, bytes]:
    found = {}
    for extension in _fields(wrapped, 1)[0].parts():
        identifier, *_, content = _fields(extension, 2)
        found[identifier.object_id()] = content.content
    return found


def _group(certificates: Sequence[Certificate]) -> str:
    said = (certificate.extensions.get(_DIRAC_GROUP) for certificate in certificates)
    return next((only(content).text() for content in said if content is not None), "")


def _membership(certificates: Sequence[Certificate]) -> Membership | None:
    said = (certificate.extensions.get(_VOMS_ATTRIBUTES) for certificate in certificates)
    content = next((content for content in said if content is not None), None)
    return None if content is None else _attested(only(content))


def _attested(lists: Element) -> Membership | None:
    """The first attribute certificate: a sequence of sequences of them is what VOMS puts in a proxy."""
    certificate = _fields(_fields(lists, 1)[0], 1)[0]
    fields = _fields(_fields(certificate, 1)[0], 7)
    validity, attributes = fields[5], fields[6]
    for attribute in attributes.parts():
        identifier, values = _fields(attribute, 2)[:2]
        if identifier.object_id() == _VOMS_NAMES:
            return Membership(names=tuple(_names(values)), valid_until=_fields(validity, 2)[1].time())
    return None


def _names(element: Element) -> list[str]:
    """All texts below; beside them stands only the address of the VOMS server, under a tag of its own."""
    if element.tag == OCTETS:
        return [element.text()]
    if element.tag not in {SEQUENCE, SET}:
        return []
    return [name for part in element.parts() for name in _names(part)]
