"""The proxy that is presented is the one of now."""

import asyncio
import os
import shutil
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.presenting import Presenting
from ganga.backends.web.proxy import Proxy
from ganga.backends.web.replies import judged
from tests.backends.dirac.identities import Identities


async def test_connections_are_kept_until_the_proxy_is_another(identities: Identities, tmp_path: Path) -> None:
    file = tmp_path / "proxy.pem"
    shutil.copy(identities.folder / "proxy.pem", file)
    file.chmod(0o600)
    connections = Presenting(Proxy(file, identities.folder / "ca.pem"), timeout=60.0, judge=judged)
    try:
        assert connections.context is None
        first = await connections.to("https://one.example.org/a")
        assert await connections.to("https://one.example.org/b") is first
        assert await connections.to("https://two.example.org/a") is not first
        context = connections.context
        os.utime(file, ns=(1, 1))
        assert await connections.to("https://one.example.org/a") is not first
        assert connections.context is not context
    finally:
        await connections.close()


@pytest.mark.parametrize(("trusted", "words"), [("ca.pem", None), ("host.crt", "does not know the authority")])
async def test_what_a_server_has_against_a_proxy_is_heard_where_nothing_is_written(
    identities: Identities, trusted: str, words: str | None
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(identities.folder / "host.pem")
    tls.load_verify_locations(identities.folder / trusted)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.verify_flags |= ssl.VerifyFlags.VERIFY_ALLOW_PROXY_CERTS

    def hang_up(listening: socket.socket) -> None:
        """As servers do that are written in C: what they complain of goes out before they close."""
        connection, _ = listening.accept()
        with connection, suppress(ssl.SSLError):
            tls.wrap_socket(connection, server_side=True).close()

    connections = Presenting(
        Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem"), timeout=60.0, judge=judged
    )
    with socket.create_server(("localhost", 0)) as listening:
        serving = asyncio.create_task(asyncio.to_thread(hang_up, listening))
        url = f"https://localhost:{listening.getsockname()[1]}"
        await connections.to(url)
        told = await connections.complaint(f"{url}/arex/rest")
        await serving
    assert (told is None) == (words is None)
    assert words is None or (words in str(told) and str(told).startswith(url))
    assert await connections.complaint(url) is None
    await connections.close()


async def test_with_an_older_tls_a_server_refuses_a_proxy_before_anything_is_asked(identities: Identities) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    # It knows no authority at all.
    tls.load_cert_chain(identities.folder / "host.pem")
    tls.verify_mode = ssl.CERT_REQUIRED

    def refuse(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(ssl.SSLError):
            tls.wrap_socket(connection, server_side=True)

    connections = Presenting(
        Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem"), timeout=60.0, judge=judged
    )
    with socket.create_server(("localhost", 0)) as listening:
        serving = asyncio.create_task(asyncio.to_thread(refuse, listening))
        url = f"https://localhost:{listening.getsockname()[1]}"
        with pytest.raises(CredentialsExpired, match="does not know the authority"):
            await (await connections.to(url)).read("GET", url)
        await serving
    await connections.close()
