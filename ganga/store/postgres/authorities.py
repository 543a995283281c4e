"""The authorities that this system trusts, as a file: libpq that comes as a wheel does not know where they are."""

import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Final

#: Where systems have them.
FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, Red Hat
    "/etc/pki/tls/certs/ca-bundle.crt",  # older Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


def system_authorities() -> str | None:
    """The file of this Python's OpenSSL, which `SSL_CERT_FILE` names if it is set; else one of a system; else that of
    certifi. None if there is none.
    """
    own = ssl.get_default_verify_paths().cafile
    found = (place for place in (own, *FILES, _of_certifi()) if place is not None and Path(place).is_file())
    return next(found, None)


def _of_certifi() -> str | None:
    spec = find_spec("certifi")
    return None if spec is None or spec.origin is None else str(Path(spec.origin).with_name("cacert.pem"))
