"""Certificates as A-REX wants them, and proxies that people made from theirs, by openssl."""

import subprocess
from pathlib import Path
from typing import Final

from tests.live.dirac_server.pki import ALICE, BOB, HOST, Authority

_NAME: Final = "/O=Test/CN=Test CA"
#: Without it the element believes none of the authority's certificates.
_SIGNS: Final = f"""\
access_id_CA X509 '{_NAME}'
pos_rights globus CA:sign
cond_subjects globus '"/O=Test/*"'
"""
_PROXY: Final = """\
[proxy]
proxyCertInfo=critical,language:id-ppl-inheritAll
keyUsage=critical,digitalSignature,keyEncipherment
"""
PEOPLE: Final = {"alice": ALICE, "bob": BOB}


class Credentials:
    """An authority, the element's certificate, and two people with a proxy each."""

    def __init__(self, folder: Path) -> None:
        self._authority = Authority(folder, _NAME)
        self.authorities = self._authority.directory
        digest = next(self.authorities.glob("*.0")).stem
        (self.authorities / f"{digest}.signing_policy").write_text(_SIGNS)
        self.host = self._authority.issue("host", HOST, "host")
        self._people = {who: self._authority.issue(who, name) for who, name in PEOPLE.items()}
        self._folder = folder
        (folder / "proxy.cnf").write_text(_PROXY)

    def proxy(self, who: str, into: Path, *, days: int = 1) -> Path:
        """A proxy with its key and its chain in one file; one of a negative number of days has ended."""
        certificate, key = self._people[who]
        subject = f"{PEOPLE[who]}/CN=4711"
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "p.key", "-out", "p.csr", "-subj", subject)
        signing = ("-CA", certificate.name, "-CAkey", key.name, "-set_serial", "4711", "-days", str(days))
        extensions = ("-extfile", "proxy.cnf", "-extensions", "proxy")
        self._openssl("x509", "-req", "-in", "p.csr", *signing, *extensions, "-out", "p.crt")
        parts = [self._folder / "p.crt", self._folder / "p.key", certificate]
        into.touch(0o600)
        into.write_bytes(b"".join(part.read_bytes() for part in parts))
        return into

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True, timeout=60)
