"""An authority, a server and a person with a proxy, made with openssl for the tests of one session."""

import subprocess
from pathlib import Path

#: What openssl is told, with a DIRAC group and the attestation of a VOMS server in the section of proxies.
SETTINGS = """\
[req]
distinguished_name=name
[name]
[authority]
basicConstraints=critical,CA:true
[host]
subjectAltName=DNS:localhost
[person]
keyUsage=critical,digitalSignature,keyEncipherment
[proxy]
proxyCertInfo=critical,language:id-ppl-inheritAll
1.2.42.42=ASN1:UTF8:lhcb_user
1.3.6.1.4.1.8005.100.100.5=ASN1:SEQUENCE:lists
[lists]
list=SEQUENCE:certificates
[certificates]
certificate=SEQUENCE:signed
[signed]
information=SEQUENCE:information
[information]
version=INTEGER:1
holder=NULL
issuer=NULL
signature=NULL
serial=INTEGER:7
validity=SEQUENCE:validity
attributes=SEQUENCE:attributes
[validity]
begin=GENTIME:20260101000000Z
end=GENTIME:20990101000000Z
[attributes]
attribute=SEQUENCE:attribute
[attribute]
kind=OID:1.3.6.1.4.1.8005.100.100.4
values=SET:values
[values]
value=SEQUENCE:value
[value]
server=IMPLICIT:0C,SEQUENCE:server
names=SEQUENCE:names
[server]
uri=IMPLICIT:6,IA5:lhcb://voms.example.org:15000
[names]
first=FORMAT:ASCII,OCTETSTRING:/lhcb/Role=user/Capability=NULL
second=FORMAT:ASCII,OCTETSTRING:/lhcb/Role=NULL/Capability=NULL
"""

PERSON = "/DC=org/DC=example/O=Physics/CN=Jane Doe"


class Identities:
    """Files: ``ca.pem``, ``host.pem`` and ``person.pem`` (certificate and key), ``proxy.pem`` (with its chain)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "openssl.cnf").write_text(SETTINGS)
        self._openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem"),
            *("-days", "30", "-subj", "/O=Test/CN=CA", "-config", "openssl.cnf", "-extensions", "authority"),
        )
        self._issue("host", "/O=Test/CN=localhost", "ca")
        self._issue("person", PERSON, "ca")
        self._issue("proxy", f"{PERSON}/CN=4711", "person")
        person = (folder / "person.crt").read_bytes()
        self._join("proxy", person)

    def _issue(self, who: str, subject: str, issuer: str) -> None:
        request = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{who}.key", "-out", f"{who}.csr", "-subj", subject)
        self._openssl("req", *request, "-config", "openssl.cnf")
        signer = ("-CA", "ca.pem" if issuer == "ca" else f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-CAcreateserial")
        extensions = ("-days", "20", "-extfile", "openssl.cnf", "-extensions", who)
        self._openssl("x509", "-req", "-in", f"{who}.csr", *signer, *extensions, "-out", f"{who}.crt")
        self._join(who, b"")

    def _join(self, who: str, more: bytes) -> None:
        parts = [(self.folder / f"{who}.{part}").read_bytes() for part in ("crt", "key")]
        place = self.folder / f"{who}.pem"
        place.write_bytes(b"".join([*parts, more]))
        place.chmod(0o600)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)
