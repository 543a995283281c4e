"""What servers show, good and bad, and a folder of authorities as sites have it: links by hash, and more."""

import ssl
import subprocess
from pathlib import Path

from tests.live.dirac_server.pki import Authority

_CA = """\
[ca]
default_ca=authority
[authority]
dir=.
database=index.txt
serial=serial
new_certs_dir=.
certificate=ca.pem
private_key=ca.key
default_md=sha256
default_crl_days=30
policy=any
[any]
organizationName=optional
commonName=supplied
[server]
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectAltName=DNS:{host}
"""
#: The beginning and the end of a life.
_LIVES = {"good": ("20200101000000Z", "20491231000000Z"), "expired": ("20200101000000Z", "20200201000000Z")}


class Certificates:
    """Of one authority and of a foreign one, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._own = Authority(folder / "own", "/O=Test/CN=Authority of the gates")
        self._foreign = Authority(folder / "foreign", "/O=Elsewhere/CN=Foreign authority")
        for authority in (self._own, self._foreign):
            (authority.folder / "index.txt").touch()
            (authority.folder / "serial").write_text("1000")
        self.contexts = {
            "good": self._issued(self._own, "good", "localhost"),
            "expired": self._issued(self._own, "expired", "localhost"),
            "elsewhere": self._issued(self._own, "good", "elsewhere.example"),
            "foreign": self._issued(self._foreign, "good", "localhost"),
        }

    def trusted(self, folder: Path, *others: Path) -> Path:
        """The own authority and those of these files, as `/etc/grid-security/certificates` has them."""
        folder.mkdir()
        for number, file in enumerate((self._own.folder / "ca.pem", *others)):
            name = f"authority-{number}"
            (folder / f"{name}.pem").write_bytes(file.read_bytes())
            digest = _openssl(folder, "x509", "-hash", "-noout", "-in", f"{name}.pem").strip()
            (folder / f"{digest}.0").symlink_to(f"{name}.pem")
            for kind, text in _BESIDE.items():
                (folder / f"{name}{kind}").write_text(text)
                (folder / f"{digest}{kind}").symlink_to(f"{name}{kind}")
        self._revoke_nothing(folder)
        return folder

    def _revoke_nothing(self, folder: Path) -> None:
        own = self._own.folder
        (own / "ca.cnf").write_text(_CA.format(host="localhost"))
        _openssl(own, "ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")
        digest = _openssl(own, "x509", "-hash", "-noout", "-in", "ca.pem").strip()
        (folder / f"{digest}.r0").write_bytes((own / "crl.pem").read_bytes())

    def _issued(self, authority: Authority, life: str, host: str) -> ssl.SSLContext:
        folder, who = authority.folder, f"{life}-{host}"
        (folder / "ca.cnf").write_text(_CA.format(host=host))
        request = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{who}.key", "-out", f"{who}.csr")
        _openssl(folder, "req", *request, "-subj", f"/O=Test/CN={who}", "-config", "openssl.cnf")
        begin, end = _LIVES[life]
        signing = ("-config", "ca.cnf", "-extensions", "server", "-batch", "-notext", "-rand_serial")
        lives = ("-startdate", begin, "-enddate", end)
        _openssl(folder, "ca", *signing, *lives, "-in", f"{who}.csr", "-out", f"{who}.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / f"{who}.pem", folder / f"{who}.key")
        return context


_BESIDE = {
    ".signing_policy": "access_id_CA X509 '/O=Test/CN=Authority'\npos_rights globus CA:sign\n",
    ".namespaces": 'TO Issuer "/O=Test/CN=Authority" PERMIT Subject "/O=Test/.*"\n',
    ".crl_url": "http://crl.example/authority.r0\n",
    ".info": "alias = authority\n",
}


def _openssl(folder: Path, *words: str) -> str:
    command = ["openssl", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout
