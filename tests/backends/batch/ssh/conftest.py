"""A real sshd for each test that wants one; in CI on Linux it has to be there."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ganga.backends.batch.ssh.link import shared_link
from ganga.backends.batch.ssh.shell import SshShell
from tests.backends.batch.ssh.server import Sshd, missing, sshd


@pytest.fixture
def quiet_server() -> Iterator[Sshd]:
    """One that does not run yet."""
    why = missing()
    if why is not None and os.environ.get("CI") and sys.platform == "linux":
        pytest.fail(why)
    if why is not None:
        pytest.skip(why)
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
