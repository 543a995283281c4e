"""A session in which a command runs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncssh

from ganga.backends.batch.shell import Command
from ganga.backends.batch.ssh.sessions import Sessions
from ganga.backends.batch.ssh.speech import STREAMS, Hearing, Speech, ending


class Talk:
    """What is said to the command and heard of it."""

    def __init__(self, channel: "asyncssh.SSHClientChannel[bytes]", ears: "_Ears") -> None:
        self._channel = channel
        self._ears = ears

    @property
    def trouble(self) -> Exception | None:
        """Why the session was lost."""
        return self._ears.trouble

    async def converse(self, stdin: bytes) -> None:
        """Say it, and hear all."""
        with suppress(OSError):
            # One who does not want to hear it all may have gone.
            self._channel.write(stdin)
            self._channel.write_eof()
        await asyncio.shield(self._ears.over)

    def hang_up(self) -> None:
        """Whether all was said or not. What still runs there gets a signal, where the host passes that on."""
        if not self._ears.over.done():
            with suppress(OSError):
                self._channel.kill()
        self._channel.abort()

    async def closed(self) -> None:
        """Until the host knows it, too."""
        await self._channel.wait_closed()


class _Ears(asyncssh.SSHClientSession[bytes]):
    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.trouble: Exception | None = None

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Some more."""
        self._hearing.hear(STREAMS[datatype], data)
        if self._hearing.over:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is no more."""
        self.trouble = None if self._hearing.over else exc
        self._finish()

    def _finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


def opening(line: str, hearing: Hearing) -> Callable[[asyncssh.SSHClientConnection], Awaitable[Talk]]:
    """How a session begins with this line."""

    async def begin(connection: asyncssh.SSHClientConnection) -> Talk:
        ears = _Ears(hearing)
        channel, _ = await connection.create_session(lambda: ears, line, encoding=None, request_pty=False)
        return Talk(channel, ears)

    return begin


async def end_group(sessions: Sessions, group: int, within: float) -> None:
    """End a command that was left alone, with its children: not each sshd passes signals on, and none does for root.
    It takes the same connection, since another one may lead to another machine of the same name.
    """
    hearing = Hearing(Speech(Command(("kill",))), 0)
    with suppress(asyncssh.Error, OSError):
        async with asyncio.timeout(within):
            talk = await sessions.open(opening(ending(group), hearing), Talk.hang_up)
            try:
                await talk.converse(b"")
            finally:
                talk.hang_up()
                await sessions.close(talk.closed)
