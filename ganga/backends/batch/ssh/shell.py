"""The shell of another machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

import asyncssh

from ganga.backends.batch.here import LARGEST_REPLY
from ganga.backends.batch.shell import Command, Kind, Reply
from ganga.backends.batch.ssh.files import Files, open_files
from ganga.backends.batch.ssh.link import Link
from ganga.backends.batch.ssh.speech import STREAMS, Hearing, Speech, ending
from ganga.errors import BackendUnavailable

_T = TypeVar("_T")


class SshShell:
    """A `Shell` over a link that others may use too."""

    def __init__(
        self, link: Link, within: float, *, largest_output: int = 10 << 30, largest_reply: int = LARGEST_REPLY
    ) -> None:
        self._link = link
        #: Seconds that a command may take, or a file may stand still.
        self._within = within
        self._largest_output = largest_output
        self._largest_reply = largest_reply

    @property
    def shares_files(self) -> bool:
        """It is another machine, for all that anybody knows."""
        return False

    async def run(self, command: Command, /) -> Reply:
        """See `Shell.run`. A code of 128 and the number of a signal is told as that signal."""
        try:
            speech = Speech(command)
            line, stdin = speech.line, speech.stdin
        except ValueError as error:
            raise BackendUnavailable(f"{command.name} cannot be run: {error}") from error
        hearing = Hearing(speech, self._largest_reply)
        try:
            await self._converse(line, stdin, hearing, command.name)
        finally:
            if not hearing.over or hearing.too_long:
                self._end(hearing.group)
        return hearing.reply(self._host)

    async def home(self) -> PurePosixPath:
        """See `Shell.home`."""
        reply = await self.run(Command(("/bin/sh", "-c", 'printf %s "$HOME"')))
        if reply.exit_code != 0 or not reply.text.startswith("/"):
            raise reply.unreadable("the path of the home folder")
        return PurePosixPath(reply.text)

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        """See `Shell.write`."""
        if files:
            await self._with_files(lambda there: there.write(files))

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        """See `Shell.send`."""
        if files:
            await self._with_files(lambda there: there.send(files))

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        """See `Shell.read`."""
        return await self._with_files(lambda there: there.read(path, offset, size))

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """See `Shell.scan`."""
        return await self._with_files(lambda there: there.scan(folder))

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        """See `Shell.resolve`. A link to nothing remains."""
        return await self._with_files(lambda there: there.resolve(path))

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        """See `Shell.bring`. Nothing is brought of more bytes than the settings want."""
        if files:
            await self._with_files(lambda there: there.bring(files, self._largest_output))

    @property
    def _host(self) -> str:
        return self._link.host.name

    async def _converse(self, line: str, stdin: bytes, hearing: Hearing, name: str) -> None:
        try:
            async with self._listening(line, hearing) as (channel, ears), asyncio.timeout(self._within):
                with suppress(OSError):
                    channel.write(stdin)
                    channel.write_eof()
                await asyncio.shield(ears.over)
        except TimeoutError as error:
            raise BackendUnavailable(f"{name} has not answered within {self._within:g} seconds") from error
        if ears.trouble is not None:
            lost = f"the connection to {self._host} was lost while {name} ran: {ears.trouble}"
            raise BackendUnavailable(lost) from ears.trouble

    @asynccontextmanager
    async def _listening(
        self, line: str, hearing: Hearing
    ) -> AsyncIterator[tuple["asyncssh.SSHClientChannel[bytes]", "_Ears"]]:
        """Say the line, and listen."""

        async def opening(
            connection: asyncssh.SSHClientConnection,
        ) -> tuple["asyncssh.SSHClientChannel[bytes]", _Ears]:
            ears = _Ears(hearing, asyncio.get_running_loop().create_future())
            channel, _ = await connection.create_session(lambda: ears, line, encoding=None, request_pty=False)
            return channel, ears

        try:
            sessions, (channel, ears) = await self._link.open(opening, self._within)
        except asyncssh.Error as error:
            raise BackendUnavailable(f"{self._host} opens no session: {error}") from error
        try:
            yield channel, ears
        finally:
            if not hearing.over:
                with suppress(OSError):
                    channel.kill()
            channel.abort()
            await sessions.close(channel.wait_closed)

    def _end(self, group: int | None) -> None:
        """Not each sshd passes signals on, and none does for root: so the group is ended by another command."""
        if group is not None:
            self._link.later(self._end_group(ending(group)))

    async def _end_group(self, line: str) -> None:
        with suppress(BackendUnavailable, TimeoutError):
            async with self._listening(line, Hearing(Speech(Command(("kill",))), 0)) as (_, ears):
                async with asyncio.timeout(self._within):
                    await ears.over

    async def _with_files(self, verb: Callable[[Files], Awaitable[_T]]) -> _T:
        loop = asyncio.get_running_loop()
        sessions, there = await open_files(self._link, self._within)
        try:
            async with asyncio.timeout(self._within) as limit:
                there.progress = lambda: limit.reschedule(loop.time() + self._within)
                return await verb(there)
        except TimeoutError as error:
            raise BackendUnavailable(
                f"the files on {self._host} stand still: nothing has moved for {self._within:g} seconds"
            ) from error
        finally:
            await sessions.close(there.close)


class _Ears(asyncssh.SSHClientSession[bytes]):
    """Hears what a session says."""

    def __init__(self, hearing: Hearing, over: "asyncio.Future[None]") -> None:
        self._hearing = hearing
        self.over = over
        #: Why the session was lost.
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
