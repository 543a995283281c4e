"""Certificate authorities and certificates for one run, made with openssl."""

import subprocess
from pathlib import Path

ALICE = "/O=Test/CN=Alice Tester"
BOB = "/O=Test/CN=Bob Tester"
#: Has a good certificate, and the services have never heard of him.
MALLORY = "/O=Test/CN=Mallory Unknown"
HOST = "/O=Test/CN=localhost"

_SETTINGS = """\
[req]
distinguished_name=name
[name]
[authority]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[host]
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
[user]
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=clientAuth
"""


class Authority:
    """A certificate authority in a folder of its own; ``directory`` is what a client or server trusts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.directory = folder / "certificates"
        self.directory.mkdir(parents=True)
        (folder / "openssl.cnf").write_text(_SETTINGS)
        _openssl(
            folder,
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30"),
            *("-subj", name, "-config", "openssl.cnf", "-extensions", "authority"),
        )
        digest = _openssl(folder, "x509", "-hash", "-noout", "-in", "ca.pem").strip()
        (self.directory / f"{digest}.0").write_bytes((folder / "ca.pem").read_bytes())

    def issue(self, who: str, name: str, section: str = "user") -> tuple[Path, Path]:
        """A certificate and its key for this distinguished name."""
        certificate, key = self.folder / f"{who}cert.pem", self.folder / f"{who}key.pem"
        request = ["-newkey", "rsa:2048", "-nodes", "-keyout", key.name, "-out", f"{who}.csr", "-subj", name]
        _openssl(self.folder, "req", *request, "-config", "openssl.cnf")
        signing = ["-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "20"]
        extensions = ["-extfile", "openssl.cnf", "-extensions", section]
        _openssl(self.folder, "x509", *signing, *extensions, "-out", certificate.name)
        key.chmod(0o400)
        return certificate, key


def _openssl(folder: Path, *words: str) -> str:
    command = ["openssl", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout
