"""A real sshd for each test that wants one; in CI it has to be there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ganga.backends.batch.ssh.link import shared_link
from ganga.backends.batch.ssh.shell import SshShell
from tests.backends.batch.ssh.server import Sshd, check, sshd
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled


@pytest.fixture
def quiet_server() -> Iterator[Sshd]:
    """One that does not run yet."""
    needs(check, NotInstalled)
    with sshd() as server:
        yield server


@pytest.fixture
def server(quiet_server: Sshd) -> Sshd:
    quiet_server.start()
    return quiet_server


@asynccontextmanager
async def _opened(server: Sshd, within: float) -> AsyncIterator[SshShell]:
    async with shared_link(server.host) as link:
        yield SshShell(link, within)


def opened(server: Sshd, within: float = 60.0) -> AbstractAsyncContextManager[SshShell]:
    """A shell there."""
    return _opened(server, within)


@pytest.fixture
async def shell(server: Sshd) -> AsyncIterator[SshShell]:
    async with opened(server) as shell:
        yield shell
