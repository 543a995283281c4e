"""Open the shell of another machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.batch.reach import Reach
from ganga.backends.batch.ssh.connecting import Host
from ganga.backends.batch.ssh.link import shared_link
from ganga.backends.batch.ssh.shell import SshShell


@asynccontextmanager
async def ssh_shell(reach: Reach, within: float) -> AsyncIterator[SshShell]:
    """It is connected when it is used first; a command has to answer within so many seconds. Raises
    `BackendUnavailable`.
    """
    async with shared_link(Host(reach.host, reach.ssh_config, reach.connect_timeout)) as link:
        yield SshShell(link, within, largest_output=reach.largest_output)
