"""The proxy that is presented is the one of now."""

import os
import shutil
from pathlib import Path

from ganga.backends.web.presenting import Presenting
from ganga.backends.web.proxy import Proxy
from ganga.backends.web.replies import judged
from tests.backends.dirac.identities import Identities


async def test_connections_are_kept_until_the_proxy_is_another(identities: Identities, tmp_path: Path) -> None:
    file = tmp_path / "proxy.pem"
    shutil.copy(identities.folder / "proxy.pem", file)
    file.chmod(0o600)
    connections = Presenting(Proxy(file, identities.folder / "ca.pem"), timeout=5.0, judge=judged)
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
