"""No token goes to a server whose certificate is not trusted."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable

#: Seconds that a server has for its answer here, however busy the machine is.
PATIENCE = 60.0


async def test_no_certificate_that_is_not_trusted_gets_a_token(tmp_path: Path) -> None:
    """A server of TLS with a certificate of its own making."""
    certificate = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(BackendUnavailable, match="certificate that is not trusted"):
            async with open_road(Settings(diracx_url=url, timeout=PATIENCE)):
                pass
        assert heard == []
        with pytest.raises(BackendUnavailable, match="broke off"):
            async with open_road(Settings(diracx_url=url, timeout=PATIENCE, authorities=str(certificate))):
                pass
        assert heard[0].startswith(b"GET /.well-known")


def self_signed(folder: Path) -> Path:
    file = folder / "server.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", file, "-out", folder / "crt"], check=True, capture_output=True)
    with file.open("ab") as both:
        both.write((folder / "crt").read_bytes())
    return file
